import type { CryoMambaClient, Preview } from '../../shared/client/api.ts'
import type { UploadStore } from '../../shared/client/upload-store.ts'
import { DomainError, envelopeOf } from '../../shared/errors/domain-error.ts'
import { carryThrough } from './run-course.ts'
import { goesOnLater, type Run, type RunTarget } from './run-record.ts'
import { hasEnded, isGoing, type RunEvent } from './run-state.ts'

/** What carrying a run through needs of the program, and what it tells. */
export interface CarrierDeps {
  /** A client for the server of a run. @throws {DomainError} `unauthorized`, `engine_not_available` */
  clientFor: (target: RunTarget) => Promise<CryoMambaClient>
  uploads: UploadStore
  folderOf: (runRef: string) => string
  apply: (run: Run, event: RunEvent) => void
  /** The run's job or mask file has changed. */
  keep: () => void
  /** The run has more, or less, to show than before. */
  showChanged: (run: Run) => Promise<void>
}

/** Carries runs from where they stand to their masks, and says how that ended. */
export class RunCarrier {
  private readonly deps: CarrierDeps
  private isStopped = false

  constructor(deps: CarrierDeps) {
    this.deps = deps
  }

  /** @param stop of the run at this beginning: when it has another by now, someone else carries it */
  async carry(run: Run, stop: AbortController): Promise<void> {
    if (run.stop !== stop || stop.signal.aborted || hasEnded(run.view)) return
    run.hasBegun = true
    const { clientFor, uploads, folderOf, apply, keep, showChanged } = this.deps
    try {
      run.client ??= await clientFor(run.target)
      await carryThrough(run, run.client, {
        folder: folderOf(run.view.run_ref),
        uploads,
        apply: (event) => run.stop === stop && apply(run, event),
        onKept: keep,
        onPreview: (preview) => this.previewCame(run, preview),
      })
      await showChanged(run)
    } catch (error) {
      this.ended(run, stop, error)
    } finally {
      if (hasEnded(run.view)) run.preview = null
    }
  }

  /** The program closes: what ends from now on is taken up at the next start. */
  stop(): void {
    this.isStopped = true
  }

  /** A run that did not finish leaves nothing over the volume. */
  private ended(run: Run, stop: AbortController, error: unknown): void {
    if (this.isStopped || run.stop !== stop) return
    if (stop.signal.aborted && run.isPausing) {
      run.isPausing = false
      return
    }
    if (!(error instanceof DomainError) && !stop.signal.aborted) console.error(error)
    const problem = envelopeOf(error)
    run.client = null // asked for anew, with the token of then
    if (stop.signal.aborted) this.deps.apply(run, { type: 'canceled' })
    else if (goesOnLater(run, problem.code)) this.deps.apply(run, { type: 'waiting', problem })
    else this.deps.apply(run, { type: 'failed', problem })
    void this.deps.showChanged(run)
  }

  private previewCame(run: Run, { header, voxels }: Preview): void {
    if (!isGoing(run.view) || run.view.is_canceling) return
    const { stage, factor, shape_zyx } = header
    run.preview = { stage, factor, shape_zyx, voxels }
    void this.deps.showChanged(run)
  }
}
