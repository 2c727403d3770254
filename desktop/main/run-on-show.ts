import type { Mode0 } from '../../shared/contract/bridge.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { Run } from './run-record.ts'
import { isGoing } from './run-state.ts'
import type { VolumeHost } from './volume-host.ts'

export interface RunOnShowDeps {
  volumes: Pick<VolumeHost, 'showMask' | 'showPreview' | 'clearLabels'>
  onShown: (runRef: string | null) => void
  onProblem: (error: DomainError) => void
}

/** The one run, at most, whose previews, then its mask, lie over the open volume. */
export class RunOnShow {
  private readonly deps: RunOnShowDeps
  private shown: Run | null = null
  /** To be shown once its file is open. */
  private wanted: Run | null = null
  private volumeRef: string | null = null

  constructor(deps: RunOnShowDeps) {
    this.deps = deps
  }

  get run(): Run | null {
    return this.shown
  }

  /** True for a run of the open volume. */
  isOver({ view }: Run): boolean {
    return this.volumeRef !== null && view.volume_ref === this.volumeRef
  }

  /** Shows a run of the open volume, or remembers it until its file is open. @returns the file that must be opened */
  want(run: Run): { file: string; mode0: Mode0 | null } | null {
    if (this.isOver(run)) void this.show(run)
    else if (run.file) {
      this.wanted = run
      return { file: run.file, mode0: run.mode0 }
    }
    return null
  }

  /** Another volume is open; nothing lies over it yet. @returns the run that it was opened for, if any */
  volumeOpened(volumeRef: string): Run | null {
    const { wanted } = this
    this.volumeRef = volumeRef
    this.wanted = null
    this.shown = null
    this.deps.onShown(null)
    return wanted
  }

  /** Shows the wanted one of the open volume's runs, else the newest that has something to show, unless one is shown by now. */
  async showOneOf(over: readonly Run[], wanted: Run | null): Promise<void> {
    if (this.shown) return
    await this.show((wanted && over.includes(wanted) ? wanted : over.find(hasSomethingToShow)) ?? null)
  }

  volumeClosed(): void {
    this.volumeRef = null
    void this.show(null)
  }

  async show(run: Run | null): Promise<void> {
    this.shown = run
    this.deps.onShown(run?.view.run_ref ?? null)
    await this.draw()
  }

  /** A run has more, or less, to show than before. */
  async changed(run: Run): Promise<void> {
    if (this.shown === run) await this.draw()
  }

  private async draw(): Promise<void> {
    const { shown: run, volumeRef } = this
    if (volumeRef === null || (run && !this.isOver(run))) return
    const { volumes } = this.deps
    try {
      if (run?.maskFile && run.view.phase === 'completed')
        await volumes.showMask(volumeRef, run.view.run_ref, run.maskFile)
      else if (run?.preview && isGoing(run.view)) await volumes.showPreview(volumeRef, run.view.run_ref, run.preview)
      else await volumes.clearLabels(volumeRef)
    } catch (error) {
      await this.cannotShow(run, error)
    }
  }

  /** What cannot be laid over the volume is not said to be: it could be corrected and exported. */
  private async cannotShow(run: Run | null, error: unknown): Promise<void> {
    if (!(error instanceof DomainError)) console.error(error)
    if (!run) return
    this.deps.onProblem(error instanceof DomainError ? error : new DomainError('internal', { cause: error }))
    if (this.shown !== run) return
    this.shown = null
    this.deps.onShown(null)
    if (this.volumeRef !== null) await this.deps.volumes.clearLabels(this.volumeRef).catch(() => undefined)
  }
}

/** Previews, or a mask. */
export function hasSomethingToShow({ view, maskFile }: Run): boolean {
  return isGoing(view) || maskFile !== null
}
