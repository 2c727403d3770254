import { type FileHandle, open, rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import { writeFully } from '../../shared/node/write-fully.ts'
import type { TileGrid } from '../../shared/volume/tile-starts.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import type { TileStore } from './sliding-window.ts'

/** A draft may use this share of what is free on the disk. */
const MOST_OF_FREE = 0.5

/**
 * About every second tile along each axis, the first and the last included, so that they still cover every voxel.
 * Null where that leaves nothing out.
 */
function draftStarts({ starts }: TileGrid, patch: Zyx): TileGrid['starts'] | null {
  const chosen = starts.map((all, axis) => sparse(all, patch[axis])) as [number[], number[], number[]]
  const isAll = chosen.every((some, axis) => some.length === starts[axis].length)
  return isAll ? null : chosen
}

/** What a draft would run and keep. */
export interface DraftRequest {
  grid: TileGrid
  patch: Zyx
  /** Null where a job has no previews. */
  previewFactor: number | null
  /** Where outputs are kept. */
  folder: string
  /** Values of one output. */
  outputLength: number
}

/** The tiles of a draft, or why there is none, as a sentence for the user. */
export async function planDraft({ grid, patch, previewFactor, folder, outputLength }: DraftRequest) {
  if (previewFactor === null) return { reason: 'Previews are off, and a draft is one; the job ran without it.' }
  const starts = draftStarts(grid, patch)
  if (starts === null) return { reason: 'A draft would need all tiles of the job, which ran without one.' }
  const bytes = starts[0].length * starts[1].length * starts[2].length * outputLength * 4
  if (await hasRoomFor(folder, bytes)) return { starts, previewFactor }
  return { reason: `There is no room for the ${bytes} bytes of a draft on the disk; the job ran without one.` }
}

function sparse(starts: readonly number[], size: number): number[] {
  const chosen = [starts[0]]
  for (let i = 1; i < starts.length; i++) {
    // The next one would leave a gap, or is not there.
    const isNeeded = i === starts.length - 1 || starts[i + 1] > chosen[chosen.length - 1] + size
    if (isNeeded) chosen.push(starts[i])
  }
  return chosen
}

/** True where the disk can hold the outputs of a draft. */
async function hasRoomFor(folder: string, bytes: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder)
  return bytes <= bavail * bsize * MOST_OF_FREE
}

/**
 * Outputs of the draft's tiles in a scratch file, so that no tile is run twice. Removed when it is closed.
 * States: filling (`save` keeps) → complete (`save` keeps nothing more) → closed.
 */
export class ScratchTiles implements TileStore {
  private readonly slots = new Map<string, number>()
  private isComplete = false
  private readonly file: FileHandle
  private readonly location: string
  private readonly outputLength: number

  private constructor(file: FileHandle, location: string, outputLength: number) {
    this.file = file
    this.location = location
    this.outputLength = outputLength
  }

  /** @param outputLength values of one output */
  static async create(folder: string, outputLength: number): Promise<ScratchTiles> {
    const location = path.join(folder, 'draft.partial')
    await rm(location, { force: true })
    return new ScratchTiles(await open(location, 'wx+'), location, outputLength)
  }

  has(startZyx: Zyx): boolean {
    return this.slots.has(startZyx.join())
  }

  async load(startZyx: Zyx): Promise<Float32Array> {
    const slot = this.slots.get(startZyx.join())
    if (slot === undefined) throw new Error(`the draft kept no tile at ${startZyx.join()}`)
    const output = new Float32Array(this.outputLength)
    const bytes = new Uint8Array(output.buffer)
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await this.file.read(bytes, done, bytes.length - done, slot * bytes.length + done)
      if (bytesRead === 0) throw new Error('the scratch file of the draft is shorter than it was')
      done += bytesRead
    }
    return output
  }

  async save(startZyx: Zyx, output: Float32Array): Promise<void> {
    const key = startZyx.join()
    if (this.isComplete || this.slots.has(key)) return
    const bytes = new Uint8Array(output.buffer, output.byteOffset, output.byteLength)
    const slot = this.slots.size
    await writeFully(this.file, bytes, slot * bytes.length)
    this.slots.set(key, slot)
  }

  /** The draft is over: what comes later is not kept. */
  complete(): void {
    this.isComplete = true
  }

  async close(): Promise<void> {
    await this.file.close()
    await rm(this.location, { force: true })
  }
}
