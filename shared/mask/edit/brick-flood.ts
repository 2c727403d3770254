import type { Abort } from '../../volume/header.ts'
import type { Zyx } from '../../volume/zyx.ts'
import type { Connectivity } from '../plane-scan.ts'
import { BRICK, BRICK_VOXELS, type LabelBricks, offsetIn } from './label-bricks.ts'
import type { VoxelBox } from './mask-change.ts'

export interface FloodRequest {
  seedZyx: Zyx
  connectivity: Connectivity
  /** Nothing outside this box is taken. */
  within: VoxelBox
  /** Which voxels of a brick belong: 1 or 0, 64 × 64 × 64. Asked again when the flood comes back to a brick. */
  belongs: (brick: number) => Promise<Uint8Array>
  /** Voxels taken at most. */
  most: number
  signal?: Abort
}

export type FloodOutcome =
  | { state: 'done'; numVoxels: number; taken: ReadonlyMap<number, Uint32Array> }
  | { state: 'too_many' }
  | { state: 'canceled' }

/**
 * The voxels that belong and are connected with a seed, brick by brick: one bit a voxel of the bricks that are reached,
 * and one brick's voxels, are held.
 */
export async function floodBricks(bricks: LabelBricks, request: FloodRequest): Promise<FloodOutcome> {
  const taken = new Map<number, Uint32Array>()
  const waiting = new Map<number, number[]>()
  const [z, y, x] = request.seedZyx
  waiting.set(bricks.brickAt(z, y, x), [offsetIn(z, y, x)])
  let numVoxels = 0
  for (const [brick, seeds] of waiting) {
    waiting.delete(brick)
    if (request.signal?.aborted) return { state: 'canceled' }
    const belongs = await request.belongs(brick)
    const bits = taken.get(brick) ?? new Uint32Array(BRICK_VOXELS / 32)
    taken.set(brick, bits)
    numVoxels += floodOne(bricks, brick, seeds, bits, belongs, request, waiting)
    if (numVoxels > request.most) return { state: 'too_many' }
  }
  return { state: 'done', numVoxels, taken }
}

/** Floods within one brick; seeds for its neighbours are added to `waiting`. */
function floodOne(
  bricks: LabelBricks,
  brick: number,
  seeds: number[],
  bits: Uint32Array,
  belongs: Uint8Array,
  { connectivity, within }: FloodRequest,
  waiting: Map<number, number[]>,
): number {
  const origin = bricks.startOf(brick)
  const low = within.startZyx.map((start, axis) => start - origin[axis])
  const high = within.startZyx.map((start, axis) => start + within.shapeZyx[axis] - origin[axis])
  const steps = connectivity === 6 ? FACE_STEPS : ALL_STEPS
  const stack = seeds
  let count = 0
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (belongs[at] === 0 || (bits[at >> 5] >>> (at & 31)) & 1) continue
    bits[at >> 5] |= 1 << (at & 31)
    count++
    const [z, y, x] = [at >> 12, (at >> 6) & 63, at & 63]
    for (const [dz, dy, dx] of steps) {
      const [nz, ny, nx] = [z + dz, y + dy, x + dx]
      if (nz < low[0] || ny < low[1] || nx < low[2] || nz >= high[0] || ny >= high[1] || nx >= high[2]) continue
      const next = ((nz & 63) << 12) | ((ny & 63) << 6) | (nx & 63)
      if (((nz | ny | nx) & ~63) === 0) {
        if (belongs[next] === 1 && ((bits[next >> 5] >>> (next & 31)) & 1) === 0) stack.push(next)
      } else seedFor(waiting, bricks.brickAt(origin[0] + nz, origin[1] + ny, origin[2] + nx)).push(next)
    }
  }
  return count
}

function seedFor(waiting: Map<number, number[]>, brick: number): number[] {
  const seeds = waiting.get(brick) ?? []
  waiting.set(brick, seeds)
  return seeds
}

const FACE_STEPS: readonly Zyx[] = [
  [-1, 0, 0],
  [1, 0, 0],
  [0, -1, 0],
  [0, 1, 0],
  [0, 0, -1],
  [0, 0, 1],
]
const ALL_STEPS: readonly Zyx[] = [-1, 0, 1]
  .flatMap((z) => [-1, 0, 1].flatMap((y) => [-1, 0, 1].map((x): Zyx => [z, y, x])))
  .filter((step) => step.some((one) => one !== 0))

/** The part of a brick that lies in the volume and in a box: what has to be read to know its values. */
export function brickWithin(bricks: LabelBricks, brick: number, box: VoxelBox): VoxelBox | null {
  const origin = bricks.startOf(brick)
  const start = origin.map((at, axis) => Math.max(at, box.startZyx[axis]))
  const end = origin.map((at, axis) =>
    Math.min(at + BRICK, box.startZyx[axis] + box.shapeZyx[axis], bricks.shapeZyx[axis]),
  )
  if (start.some((at, axis) => at >= end[axis])) return null
  const shape = start.map((at, axis) => end[axis] - at)
  return { startZyx: start as unknown as Zyx, shapeZyx: shape as unknown as Zyx }
}
