import { createHash } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { syncFolder } from '../../shared/node/sync-folder.ts'
import type { JobDescription } from './messages.ts'

/** In the folder of an attempt: its files hold the first planes of the result. */
export const CHECKPOINT_NAME = 'checkpoint.json'

/** Bumped when the files beside it, or what they mean, change. */
const CHECKPOINT_VERSION = 1

/** How far the files of a run are known to be right. */
export interface Checkpoint {
  /** Of everything that the bytes of the result depend on. */
  identity: string
  /** Planes in the order of the run. */
  numPlanes: number
  /** Of these planes: labels, then probability and candidate where they are kept, plane by plane. */
  sha256: string
}

/**
 * What a run must share with the one that made a checkpoint, so that both give the same bytes; null where the volumes'
 * content is not known.
 */
export function checkpointIdentity(job: JobDescription, engine: string): string | null {
  const { volume, moreVolumes = [], model, params, programVersion } = job
  if ([volume, ...moreVolumes].some(({ sha256 }) => sha256 === '')) return null
  const volumes = [volume, ...moreVolumes].map(({ sha256, mode0, filename }) => [sha256, mode0, filename])
  const { preview_factor, preview_interval_seconds, draft, batch, spill, ...ofBytes } = params
  const facts = [CHECKPOINT_VERSION, programVersion, engine, volumes, model.manifest, ofBytes]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex')
}

/** What is known of the files in a folder; null where there is nothing that this run can go on from. */
export async function readCheckpoint(folder: string, identity: string | null): Promise<Checkpoint | null> {
  const text = await readFile(path.join(folder, CHECKPOINT_NAME), 'utf8').catch(() => null)
  if (text === null) return null
  try {
    const found: Checkpoint = JSON.parse(text)
    return found.identity === identity && found.numPlanes > 0 ? found : null
  } catch {
    return null
  }
}

/** Replaces the checkpoint of a folder; after a power loss it is the old one or the new one. */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  const file = path.join(folder, CHECKPOINT_NAME)
  const partial = `${file}.partial`
  const handle = await open(partial, 'w')
  try {
    await handle.writeFile(JSON.stringify(checkpoint))
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(partial, file)
  await syncFolder(folder)
}

export async function removeCheckpoint(folder: string): Promise<void> {
  await rm(path.join(folder, CHECKPOINT_NAME), { force: true })
}
