import type { OpenedVolume, RunView } from '../../shared/contract/bridge.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { comparisonWith, type FileIdentity, identityOf } from './file-identity.ts'
import type { Run } from './run-record.ts'

type Doubt = NonNullable<RunView['volume_doubt']>

/** The open file, and the runs of its path: of the volume that it is now, or of what it was before. */
export class RunVolumes {
  private open: { volume: OpenedVolume; file: string } | null = null
  /** Runs of the open path that are not known to be of its volume. */
  private readonly doubts = new Map<Run, Doubt>()
  /** Those that the user knows about. */
  private readonly told = new Set<Run>()

  /** @returns runs of the volume, in their order; null when another one was opened meanwhile */
  async opened(volume: OpenedVolume, file: string, runs: readonly Run[]): Promise<Run[] | null> {
    const open = { volume, file }
    this.open = open
    this.doubts.clear()
    const ofPath = runs.filter((run) => run.file === file && run.mode0 === volume.mode0)
    const isStill = comparisonWith(file)
    const doubts = await Promise.all(ofPath.map((run) => doubtOf(run, isStill)))
    if (this.open !== open) return null
    for (const [index, run] of ofPath.entries()) {
      const doubt = doubts[index]
      run.view = doubt ? { ...run.view, volume_doubt: doubt } : placedOn(run.view, volume.volume_ref)
      if (doubt) this.doubts.set(run, doubt)
    }
    return ofPath.filter((run) => !this.doubts.has(run))
  }

  closed(): void {
    this.open = null
    this.doubts.clear()
  }

  /** The runs of the open path that are in doubt. */
  get doubtful(): Run[] {
    return [...this.doubts.keys()]
  }

  /** What the user has to know of a run before anything of it is laid over the open file; null where that is nothing. */
  problemOf(run: Run): DomainError | null {
    const doubt = this.doubts.get(run)
    if (!doubt) return null
    this.told.add(run)
    const facts = { name: run.view.volume_name, model: run.view.model_name }
    return new DomainError(doubt === 'changed' ? 'run_volume_changed' : 'run_volume_unknown', facts)
  }

  /** The user, who was told, says that the open file is a run's volume. @returns false where they cannot know */
  takeWordFor(run: Run): boolean {
    if (!this.open || this.doubts.get(run) !== 'unknown' || !this.told.has(run)) return false
    this.layOver(run, this.open)
    return true
  }

  /** A run is of the open file from now on. */
  layOver(run: Run, { volume, file }: { volume: OpenedVolume; file: string }): void {
    this.doubts.delete(run)
    run.file = file
    run.mode0 = volume.mode0
    run.view = placedOn(run.view, volume.volume_ref)
  }
}

async function doubtOf(run: Run, isStill: (before: FileIdentity) => Promise<boolean>): Promise<Doubt | null> {
  // Before there is a job nothing was sent: it will be of the file as it is then.
  if (!run.identity) return run.jobId ? 'unknown' : null
  const isSame = await isStill(run.identity).catch(() => null)
  return isSame === null ? 'unknown' : isSame ? null : 'changed'
}

function placedOn({ volume_doubt: _, ...view }: RunView, volumeRef: string): RunView {
  return { ...view, volume_ref: volumeRef }
}

/** Notes what a run's file is now. */
export async function noteIdentity(run: Run): Promise<void> {
  run.identity = run.file === null ? null : await identityOf(run.file).catch(() => null)
}
