import type { VoxelSource } from '../../shared/volume/header.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { newLabels } from './preview-builder.ts'

/** A box of a volume. */
export interface VoxelBox {
  startZyx: Zyx
  shapeZyx: Zyx
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

/** The part that two boxes share; null where they share none. */
export function sharedBox(a: VoxelBox, b: VoxelBox): VoxelBox | null {
  const start = a.startZyx.map((from, axis) => Math.max(from, b.startZyx[axis])) as unknown as Zyx
  const shape = start.map(
    (from, axis) => Math.min(a.startZyx[axis] + a.shapeZyx[axis], b.startZyx[axis] + b.shapeZyx[axis]) - from,
  ) as unknown as Zyx
  return shape.every((size) => size > 0) ? { startZyx: start, shapeZyx: shape } : null
}

type Plane = Uint8Array | Uint16Array

/** Puts planes of a box back into planes of the whole volume: zero around, planes in their order. */
export class UncroppedPlanes {
  private readonly planes: Plane[]
  private numGiven: number
  private readonly box: VoxelBox
  private readonly shapeZyx: Zyx
  private readonly take: (planes: Plane[]) => Promise<void>

  /**
   * @param dtypes of the planes that belong together: labels, and what else is known of each voxel
   * @param take   gets every plane of the whole volume, in order; it may keep nothing of it
   * @param numGiven planes of the whole volume that are known already and do not come
   */
  constructor(
    box: VoxelBox,
    shapeZyx: Zyx,
    dtypes: readonly ('uint8' | 'uint16')[],
    take: (planes: Plane[]) => Promise<void>,
    numGiven = 0,
  ) {
    this.numGiven = numGiven
    this.box = box
    this.shapeZyx = shapeZyx
    this.take = take
    this.planes = dtypes.map((dtype) => newLabels(dtype, shapeZyx[1] * shapeZyx[2]))
  }

  /** The next planes of the box. */
  async add(boxPlanes: readonly Plane[]): Promise<void> {
    await this.emptyUpTo(this.box.startZyx[0])
    const [, sizeY, sizeX] = this.box.shapeZyx
    const [, startY, startX] = this.box.startZyx
    for (const [i, plane] of this.planes.entries()) {
      plane.fill(0)
      for (let y = 0; y < sizeY; y++)
        plane.set(boxPlanes[i].subarray(y * sizeX, (y + 1) * sizeX), (y + startY) * this.shapeZyx[2] + startX)
    }
    await this.hand()
  }

  /** All planes of the box are in: what lies behind it is empty. */
  async end(): Promise<void> {
    await this.emptyUpTo(this.shapeZyx[0])
  }

  private async emptyUpTo(z: number): Promise<void> {
    if (this.numGiven < z) for (const plane of this.planes) plane.fill(0)
    while (this.numGiven < z) await this.hand()
  }

  private async hand(): Promise<void> {
    this.numGiven++
    await this.take(this.planes)
  }
}
