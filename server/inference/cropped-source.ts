import type { VoxelSource } from '../../shared/volume/header.ts'
import { toFloat32 } from '../../shared/volume/voxel-values.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import type { LabelFile } from './label-file.ts'
import { newLabels } from './preview-builder.ts'

/** A box of a volume. */
export interface VoxelBox {
  startZyx: Zyx
  shapeZyx: Zyx
}

/** Voxels looked at at once. */
const CHUNK_VOX = 4 * 1024 * 1024

/**
 * The smallest box that holds every voxel whose value is not zero; the whole volume where all are zero. nnU-Net fills
 * holes first, which does not change the box.
 * @see nnunetv2/preprocessing/cropping/cropping.py, crop_to_nonzero
 */
export async function nonzeroBox(source: VoxelSource, signal: AbortSignal): Promise<VoxelBox> {
  const { shapeZyx, dtype, scaling } = source.header
  const [sizeZ, sizeY, sizeX] = shapeZyx
  const low = [sizeZ, sizeY, sizeX]
  const high = [-1, -1, -1]
  const chunk = Math.max(1, Math.floor(CHUNK_VOX / (sizeY * sizeX)))
  for (let z0 = 0; z0 < sizeZ; z0 += chunk) {
    const values = toFloat32(await source.readSlab(z0, Math.min(chunk, sizeZ - z0), signal), dtype, scaling)
    for (let row = 0; row * sizeX < values.length; row++) {
      const from = row * sizeX
      let first = 0
      while (first < sizeX && values[from + first] === 0) first++
      if (first === sizeX) continue
      let last = sizeX - 1
      while (values[from + last] === 0) last--
      widen(low, high, [z0 + Math.floor(row / sizeY), row % sizeY, first])
      widen(low, high, [z0 + Math.floor(row / sizeY), row % sizeY, last])
    }
  }
  if (high[0] < 0) return { startZyx: [0, 0, 0], shapeZyx }
  return {
    startZyx: [low[0], low[1], low[2]],
    shapeZyx: [high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1],
  }
}

function widen(low: number[], high: number[], at: Zyx): void {
  for (let axis = 0; axis < 3; axis++) {
    low[axis] = Math.min(low[axis], at[axis])
    high[axis] = Math.max(high[axis], at[axis])
  }
}

/** A box of a volume as a volume of its own; the voxel size stays. Closing is the owner's of the whole. */
export function croppedSource(source: VoxelSource, { startZyx, shapeZyx }: VoxelBox): VoxelSource {
  const at = (start: Zyx): Zyx => [start[0] + startZyx[0], start[1] + startZyx[1], start[2] + startZyx[2]]
  return {
    header: { ...source.header, shapeZyx },
    readSlab: (zStart, numPlanes, signal) =>
      source.readBox(at([zStart, 0, 0]), [numPlanes, shapeZyx[1], shapeZyx[2]], signal),
    readBox: (start, shape, signal) => source.readBox(at(start), shape, signal),
    close: async () => undefined,
  }
}

/** Puts label planes of a box back into planes of the whole volume: background around, planes in ascending z. */
export class UncroppedPlanes {
  private readonly plane
  private nextZ = 0
  private readonly box: VoxelBox
  private readonly labels: LabelFile
  private readonly take: (plane: Uint8Array | Uint16Array) => Promise<void>

  /** @param take gets every plane of the whole volume, in order; it may keep nothing of it */
  constructor(box: VoxelBox, labels: LabelFile, take: (plane: Uint8Array | Uint16Array) => Promise<void>) {
    this.box = box
    this.labels = labels
    this.take = take
    this.plane = newLabels(labels.dtype, numVoxels([1, labels.shapeZyx[1], labels.shapeZyx[2]]))
  }

  /** The next plane of the box. */
  async add(boxPlane: Uint8Array | Uint16Array): Promise<void> {
    await this.backgroundUpTo(this.box.startZyx[0])
    const [, sizeY, sizeX] = this.box.shapeZyx
    const [, startY, startX] = this.box.startZyx
    this.plane.fill(0)
    for (let y = 0; y < sizeY; y++) {
      this.plane.set(boxPlane.subarray(y * sizeX, (y + 1) * sizeX), (y + startY) * this.labels.shapeZyx[2] + startX)
    }
    await this.hand()
  }

  /** All planes of the box are in: what lies behind it is background. */
  async end(): Promise<void> {
    await this.backgroundUpTo(this.labels.shapeZyx[0])
  }

  private async backgroundUpTo(z: number): Promise<void> {
    if (this.nextZ < z) this.plane.fill(0)
    while (this.nextZ < z) await this.hand()
  }

  private async hand(): Promise<void> {
    this.nextZ++
    await this.take(this.plane)
  }
}
