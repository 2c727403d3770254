import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import { numVoxels, type Zyx } from '../../../shared/volume/zyx.ts'
import { type BlockSums, encodeMeans, encodeValues, mergeSums, sumPairs, type ValueRange } from './block-mean.ts'
import { BrickGrid, writeBricks } from './column-bricks.ts'
import type { CacheManifest } from './level-cache.ts'
import { type LevelBox, levelBins, levelBoxes } from './level-plan.ts'
import { plainNumbers } from './plain-numbers.ts'

// 4 M voxels at once: 32 MB of the widest type, and planes that are asked for meanwhile wait a few hundredths of a second.
const MAX_READ_VOXELS = 4 * 1024 * 1024
const BRICK_FILE = 'bricks.u8'

export interface PyramidRequest {
  source: VoxelSource
  range: ValueRange
  /** An empty folder; what is written there belongs to the caller. */
  folder: string
  /** Keep every voxel too, for planes across x and a level of bin 1. */
  withBricks: boolean
  onProgress: (donePlanes: number) => void
  signal: AbortSignal
}

/** Bytes that the levels of a volume take on disk, and its bricks. */
export function pyramidBytes(shapeZyx: Zyx): { levels: number; bricks: number } {
  const levels = levelBins(shapeZyx).reduce((sum, bin) => sum + numVoxels(blockGridShape(shapeZyx, bin)), 0)
  return { levels, bricks: new BrickGrid(shapeZyx).sizeBytes }
}

/**
 * Writes the levels of a volume (DESIGN §5) into files, in one pass over its voxels. Holds one layer of blocks.
 * @throws {DomainError} what `VoxelSource.readBox` throws, `canceled`; and the errors of writing
 */
export async function buildPyramid(request: PyramidRequest): Promise<Omit<CacheManifest, 'reader_version' | 'sizes'>> {
  const { source, range, folder, signal } = request
  const shape = source.header.shapeZyx
  const bins = levelBins(shape)
  const levels: LevelWriter[] = []
  let bricks: BrickWriter | null = null
  try {
    for (const bin of bins) levels.push(await LevelWriter.create(folder, bin, shape))
    if (request.withBricks) bricks = await BrickWriter.create(folder, shape)
    for (const box of levelBoxes(shape, bins.at(-1) ?? 8, MAX_READ_VOXELS)) {
      if (signal.aborted) throw new DomainError('canceled')
      await addBox(request, box, levels, bricks)
      request.onProgress(box.startZyx[0] + box.shapeZyx[0])
    }
    return { ...range, levels: levels.map((level) => level.facts()), bricks: bricks?.facts() ?? null }
  } finally {
    await Promise.all([...levels, ...(bricks ? [bricks] : [])].map((writer) => writer.close()))
  }
}

async function addBox(
  { source, range, signal }: PyramidRequest,
  box: LevelBox,
  levels: LevelWriter[],
  bricks: BrickWriter | null,
): Promise<void> {
  const { dtype, scaling } = source.header
  const line = scaling ?? { slope: 1, intercept: 0 }
  const values = plainNumbers(await source.readBox(box.startZyx, box.shapeZyx, signal), dtype)
  let sums: BlockSums | null = null
  for (const level of levels) {
    sums = sums ? mergeSums(sums) : sumPairs(values, box.shapeZyx)
    await level.add(encodeMeans(sums, line, range), box, sums.shapeZyx)
  }
  if (bricks) await bricks.add(encodeValues(values, line, range), box)
}

/** One level's file. Rows of a layer may come in parts; layers are written, hashed and counted once they are whole. */
class LevelWriter {
  private readonly file: FileHandle
  private readonly bin: number
  private readonly name: string
  private readonly shapeZyx: Zyx
  private readonly sourceRows: number
  private readonly hash: Hash = createHash('sha256')
  private readonly histogram = new Array<number>(256).fill(0)
  private layer: Uint8Array | null = null

  private constructor(file: FileHandle, name: string, bin: number, sourceShape: Zyx) {
    this.file = file
    this.name = name
    this.bin = bin
    this.shapeZyx = blockGridShape(sourceShape, bin)
    this.sourceRows = sourceShape[1]
  }

  static async create(folder: string, bin: number, sourceShape: Zyx): Promise<LevelWriter> {
    const name = `level-${bin}.u8`
    return new LevelWriter(await open(path.join(folder, name), 'wx'), name, bin, sourceShape)
  }

  async add(codes: Uint8Array, { startZyx, shapeZyx }: LevelBox, [nz, ny, nx]: Zyx): Promise<void> {
    const isWhole = ny === this.shapeZyx[1]
    const planeVoxels = this.shapeZyx[1] * nx
    if (!isWhole) {
      this.layer ??= new Uint8Array(nz * planeVoxels)
      const row = startZyx[1] / this.bin
      for (let z = 0; z < nz; z++)
        this.layer.set(codes.subarray(z * ny * nx, (z + 1) * ny * nx), z * planeVoxels + row * nx)
      if (startZyx[1] + shapeZyx[1] < this.sourceRows) return
    }
    const layer = this.layer ?? codes
    this.layer = null
    this.hash.update(layer)
    count(layer, this.histogram)
    await this.file.appendFile(layer)
  }

  facts(): CacheManifest['levels'][number] {
    return { bin: this.bin, file: this.name, sha256: this.hash.digest('hex'), histogram: this.histogram }
  }

  close(): Promise<void> {
    return this.file.close()
  }
}

class BrickWriter {
  private readonly file: FileHandle
  private readonly grid: BrickGrid
  private readonly histogram = new Array<number>(256).fill(0)

  private constructor(file: FileHandle, shape: Zyx) {
    this.file = file
    this.grid = new BrickGrid(shape)
  }

  static async create(folder: string, shape: Zyx): Promise<BrickWriter> {
    return new BrickWriter(await open(path.join(folder, BRICK_FILE), 'wx'), shape)
  }

  async add(codes: Uint8Array, { startZyx, shapeZyx }: LevelBox): Promise<void> {
    count(codes, this.histogram)
    await writeBricks(this.file, this.grid, codes, startZyx, shapeZyx)
  }

  facts(): NonNullable<CacheManifest['bricks']> {
    return { file: BRICK_FILE, histogram: this.histogram }
  }

  close(): Promise<void> {
    return this.file.close()
  }
}

function count(codes: Uint8Array, histogram: number[]): void {
  const counts = new Uint32Array(256)
  for (let i = 0; i < codes.length; i++) counts[codes[i]]++
  for (let code = 0; code < 256; code++) histogram[code] += counts[code]
}
