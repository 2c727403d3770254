import { createHash } from 'node:crypto'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import path from 'node:path'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'
import { BrickGrid, readAllBricks } from './column-bricks.ts'
import type { Level } from './level.ts'
import type { CacheEntry } from './level-cache.ts'
import { binThatFits } from './level-plan.ts'

export interface LevelLimits {
  maxVoxels: number
  maxAxis: number
}

/** A file of the cache is not what was written there. */
export class DamagedEntry extends Error {}

/** The levels of one volume on disk. Holds the file of bricks open until `close`. */
export class LevelStore {
  readonly entry: CacheEntry
  readonly bricks: { file: FileHandle; grid: BrickGrid } | null
  private readonly sourceShape: Zyx

  private constructor(entry: CacheEntry, sourceShape: Zyx, bricks: LevelStore['bricks']) {
    this.entry = entry
    this.sourceShape = sourceShape
    this.bricks = bricks
  }

  static async open(entry: CacheEntry, sourceShape: Zyx): Promise<LevelStore> {
    const { bricks } = entry.manifest
    if (!bricks) return new LevelStore(entry, sourceShape, null)
    const file = await open(path.join(entry.folder, bricks.file), 'r')
    return new LevelStore(entry, sourceShape, { file, grid: new BrickGrid(sourceShape) })
  }

  /** The finest level there is within the limits. @throws DamagedEntry */
  async finest({ maxVoxels, maxAxis }: LevelLimits): Promise<Level> {
    const { low, high, levels, bricks } = this.entry.manifest
    const wanted = binThatFits(this.sourceShape, maxVoxels, maxAxis)
    if (wanted === 1 && this.bricks && bricks) {
      const voxels = await readAllBricks(this.bricks.file, this.bricks.grid)
      return { low, high, bin: 1, shapeZyx: [...this.sourceShape], voxels, histogram: bricks.histogram }
    }
    const level = levels.find(({ bin }) => bin >= wanted) ?? levels.at(-1)
    if (!level) throw new DamagedEntry()
    const voxels = await readFile(path.join(this.entry.folder, level.file))
    if (createHash('sha256').update(voxels).digest('hex') !== level.sha256) throw new DamagedEntry()
    // Small files come out of a buffer that others share.
    const own = new Uint8Array(voxels)
    return {
      low,
      high,
      bin: level.bin,
      shapeZyx: blockGridShape(this.sourceShape, level.bin),
      voxels: own,
      histogram: level.histogram,
    }
  }

  async close(): Promise<void> {
    await this.bricks?.file.close()
  }
}
