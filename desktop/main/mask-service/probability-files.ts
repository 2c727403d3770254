import { DomainError } from '../../../shared/errors/domain-error.ts'
import { ComponentFinder, filterPlane, removeSmallerThan } from '../../../shared/mask/components.ts'
import { type SliceAxis, sliceBox } from '../../../shared/mask/edit/plane-axes.ts'
import { candidatesAbove, type ProbabilityPlanes } from '../../../shared/mask/edit/threshold-operation.ts'
import { labelsOf } from '../../../shared/mask/label-values.ts'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import { BYTES_PER_VOXEL } from '../../../shared/volume/dtype.ts'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import { numVoxels, type Zyx } from '../../../shared/volume/zyx.ts'
import { BlockNeighbours, keepNearBlocks } from './near-blocks.ts'

/** Beyond this a slice across x, which has one voxel in every row, takes too long to be read. */
const MOST_BYTES_ACROSS_X = 48 * 1024 * 1024

/** A threshold that is tried. */
export interface TriedThreshold {
  threshold: number
  smallestObjectVoxels: number
}

interface ProbabilitySlice {
  index: number
  probability: ArrayLike<number>
  candidate: ArrayLike<number>
}

interface ProbabilityLevel {
  bin: number
  shapeZyx: Zyx
  probability: Uint8Array
  candidate: Uint16Array
}

/**
 * Probability and candidate as a run delivered them, at full resolution from their files, and on one level for what
 * must be there at once. `close` closes the files.
 */
export class ProbabilityFiles implements ProbabilityPlanes {
  private readonly files: { probability: VoxelSource; candidate: VoxelSource }
  private level: ProbabilityLevel | null = null
  /** Read last across each axis. */
  private readonly slices = new Map<SliceAxis, ProbabilitySlice>()

  private constructor(files: { probability: VoxelSource; candidate: VoxelSource }) {
    this.files = files
  }

  /** @throws {DomainError} `mask_grid_differs`, what `openVolumeFile` throws */
  static async open(probability: string, candidate: string, shapeZyx: Zyx): Promise<ProbabilityFiles> {
    const opened = new ProbabilityFiles({
      probability: await openVolumeFile(probability),
      candidate: await openVolumeFile(candidate),
    })
    const { files } = opened
    if ([files.probability, files.candidate].every(({ header }) => header.shapeZyx.join() === shapeZyx.join()))
      return opened
    await opened.close()
    throw new DomainError('mask_grid_differs', { name: 'The probability', reason: 'it has another shape' })
  }

  probability(z: number): Promise<ArrayLike<number>> {
    return plane(this.files.probability, z)
  }

  candidate(z: number): Promise<ArrayLike<number>> {
    return plane(this.files.candidate, z)
  }

  /**
   * What a threshold gives on a level. A block is foreground exactly where it would be in the level of the mask at full
   * resolution: a quarter of its voxels reach the threshold. Its label is its most frequent candidate; objects are
   * measured in blocks. The exact mask comes from `thresholdMask`.
   */
  async tryOut(bin: number, { threshold, smallestObjectVoxels }: TriedThreshold): Promise<Uint16Array> {
    const { probability, candidate, shapeZyx } = await this.levelOf(bin)
    const labels = candidatesAbove(probability, candidate, threshold)
    const smallest = smallestObjectVoxels / bin ** 3
    if (smallest <= 1) return labels
    const layer = shapeZyx[1] * shapeZyx[2]
    const planeAt = (z: number) => labels.subarray(z * layer, (z + 1) * layer)
    const finder = new ComponentFinder(shapeZyx)
    for (let z = 0; z < shapeZyx[0]; z++) finder.add(planeAt(z))
    const keep = removeSmallerThan(finder.components(), smallest)
    const ids = finder.secondPass()
    for (let z = 0; z < shapeZyx[0]; z++) filterPlane(planeAt(z), ids.next(planeAt(z)), keep)
    return labels
  }

  /**
   * What a threshold gives in a slice at full resolution. Where small objects go, voxels stay where their block of the level,
   * or one beside it, has the same label in an object that stays there.
   * @param tried what `tryOut` gave for the same threshold on the level of `bin`
   * @returns z, y, x order; null across x of a large file
   */
  async trySlice(
    { axis, index }: { axis: SliceAxis; index: number },
    { threshold, smallestObjectVoxels }: TriedThreshold,
    tried: { bin: number; labels: Uint16Array },
  ): Promise<Uint16Array | null> {
    const slice = await this.sliceOf(axis, index)
    if (!slice) return null
    const labels = candidatesAbove(slice.probability, slice.candidate, threshold)
    const { shapeZyx } = this.files.probability.header
    if (smallestObjectVoxels / tried.bin ** 3 > 1)
      keepNearBlocks(labels, sliceBox(shapeZyx, axis, index), new BlockNeighbours(tried, shapeZyx))
    return labels
  }

  private async sliceOf(axis: SliceAxis, index: number): Promise<ProbabilitySlice | null> {
    const known = this.slices.get(axis)
    if (known?.index === index) return known
    const { probability, candidate } = this.files
    const { shapeZyx, dtype } = probability.header
    if (axis === 'x' && numVoxels(shapeZyx) * BYTES_PER_VOXEL[dtype] > MOST_BYTES_ACROSS_X) return null
    const box = sliceBox(shapeZyx, axis, index)
    const read = async (source: VoxelSource) =>
      labelsOf(await source.readBox(box.startZyx, box.shapeZyx), source.header)
    const slice = { index, probability: await read(probability), candidate: await read(candidate) }
    this.slices.set(axis, slice)
    return slice
  }

  async close(): Promise<void> {
    await this.files.probability.close()
    await this.files.candidate.close()
  }

  private async levelOf(bin: number): Promise<ProbabilityLevel> {
    if (this.level?.bin === bin) return this.level
    const source = this.files.probability.header.shapeZyx
    const shapeZyx = blockGridShape(source, bin)
    const level = {
      bin,
      shapeZyx,
      probability: new Uint8Array(numVoxels(shapeZyx)),
      candidate: new Uint16Array(numVoxels(shapeZyx)),
    }
    for (let bz = 0; bz < shapeZyx[0]; bz++) {
      const planes: { probability: ArrayLike<number>; candidate: ArrayLike<number> }[] = []
      for (let z = bz * bin; z < Math.min((bz + 1) * bin, source[0]); z++)
        planes.push({ probability: await this.probability(z), candidate: await this.candidate(z) })
      reduceLayer(planes, source, bz, level)
    }
    this.level = level
    return level
  }
}

async function plane(source: VoxelSource, z: number): Promise<ArrayLike<number>> {
  return labelsOf(await source.readSlab(z, 1), source.header)
}

/** One layer of blocks: the probability that a quarter of each block reaches, and its most frequent candidate. */
function reduceLayer(
  planes: readonly { probability: ArrayLike<number>; candidate: ArrayLike<number> }[],
  [, sy, sx]: Zyx,
  bz: number,
  { bin, shapeZyx: [, ny, nx], probability, candidate }: ProbabilityLevel,
): void {
  if (bin === 1) {
    probability.set(planes[0].probability, bz * ny * nx)
    candidate.set(planes[0].candidate, bz * ny * nx)
    return
  }
  const block = new BlockReducer(bin ** 3)
  for (let by = 0, at = bz * ny * nx; by < ny; by++)
    for (let bx = 0; bx < nx; bx++, at++) {
      const [yEnd, xEnd] = [Math.min((by + 1) * bin, sy), Math.min((bx + 1) * bin, sx)]
      for (const one of planes)
        for (let y = by * bin; y < yEnd; y++)
          for (let x = bx * bin; x < xEnd; x++) {
            const label = one.candidate[y * sx + x]
            if (label !== 0) block.add(one.probability[y * sx + x], label)
          }
      block.reduce(planes.length * (yEnd - by * bin) * (xEnd - bx * bin))
      probability[at] = block.probability
      candidate[at] = block.label
    }
}

/** One block at a time, without allocating. */
class BlockReducer {
  /** Of the block reduced last; label 0 where fewer than a quarter of its voxels have a candidate. */
  probability = 0
  label = 0
  private readonly values: Uint8Array
  private readonly counts = new Uint32Array(65_536)
  private readonly seen: number[] = []
  private size = 0

  constructor(mostVoxels: number) {
    this.values = new Uint8Array(mostVoxels)
  }

  add(probability: number, label: number): void {
    this.values[this.size++] = probability
    if (this.counts[label]++ === 0) this.seen.push(label)
  }

  /** @param numVoxels of the block, those without candidate included; forgets them */
  reduce(numVoxels: number): void {
    const needed = Math.ceil(numVoxels / 4)
    this.label = 0
    this.probability = 0
    if (this.size >= needed) {
      this.probability = this.values.subarray(0, this.size).sort()[this.size - needed]
      for (const label of this.seen) {
        const [count, best] = [this.counts[label], this.counts[this.label]]
        if (this.label === 0 || count > best || (count === best && label < this.label)) this.label = label
      }
    }
    for (const label of this.seen) this.counts[label] = 0
    this.seen.length = 0
    this.size = 0
  }
}
