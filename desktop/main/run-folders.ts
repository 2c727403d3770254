import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Run } from './run-record.ts'
import { hasEnded } from './run-state.ts'

/** Ended runs that are kept beside those under way. */
export const MAX_ENDED = 50

/** What a run is named: nothing else in the folder is of a run. */
const RUN_REF = /^[a-z0-9-]{1,64}$/

/** The folders of runs, one each: the mask, and what was fetched beside it. */
export class RunFolders {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  of(runRef: string): string {
    return path.join(this.folder, runRef)
  }

  async remove(runRef: string): Promise<void> {
    await rm(this.of(runRef), { recursive: true, force: true })
  }

  /** Removes what was left of runs that are not known. */
  async removeOthers(isKnown: (runRef: string) => boolean): Promise<void> {
    const entries = await readdir(this.folder, { withFileTypes: true }).catch(() => [])
    for (const entry of entries)
      if (entry.isDirectory() && RUN_REF.test(entry.name) && !isKnown(entry.name)) await this.remove(entry.name)
  }
}

/** Ended runs beyond those that are kept; a batch goes as a whole, as its table does. @param runs newest first */
export function oldest(runs: readonly Run[]): Run[] {
  const dropped = new Set(runs.filter(({ view }) => hasEnded(view)).slice(MAX_ENDED))
  const keptBatches = new Set(runs.filter((run) => !dropped.has(run)).map(({ view }) => view.batch_ref))
  return [...dropped].filter(({ view }) => view.batch_ref === null || !keptBatches.has(view.batch_ref))
}
