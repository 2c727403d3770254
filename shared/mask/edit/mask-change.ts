import { numVoxels, type Zyx } from '../../volume/zyx.ts'
import { type LabelBricks, offsetIn } from './label-bricks.ts'
import { packRuns, unpackRuns } from './packed-runs.ts'

/** The smallest box of one brick that holds all that was changed there, packed as it was and as it is. */
export interface BrickChange {
  brick: number
  /** In the volume. */
  startZyx: Zyx
  shapeZyx: Zyx
  before: Uint8Array
  after: Uint8Array
}

/** A box of voxels. */
export interface VoxelBox {
  startZyx: Zyx
  shapeZyx: Zyx
}

/** What an operation changed, in the order in which it did. */
export interface MaskChange {
  bricks: readonly BrickChange[]
  /** Voxels gained or lost by each label, background included. */
  gained: ReadonlyMap<number, number>
  /** Voxels whose label is another one. */
  numVoxels: number
}

/** Memory that a change takes, bytes; the numbers around the packed boxes are counted as 128. */
export function changeBytes(change: MaskChange): number {
  return change.bricks.reduce((sum, { before, after }) => sum + before.length + after.length + 128, 0)
}

/** The smallest box around a change; null when nothing changed. */
export function boxOf({ bricks }: Pick<MaskChange, 'bricks'>): VoxelBox | null {
  if (bricks.length === 0) return null
  const start = [0, 1, 2].map((axis) => Math.min(...bricks.map((one) => one.startZyx[axis])))
  const end = [0, 1, 2].map((axis) => Math.max(...bricks.map((one) => one.startZyx[axis] + one.shapeZyx[axis])))
  const shape = start.map((first, axis) => end[axis] - first)
  return { startZyx: start as unknown as Zyx, shapeZyx: shape as unknown as Zyx }
}

/** A brick before and after an operation, and the first and last place where they may differ. */
interface EditedBrick {
  brick: number
  before: Uint16Array
  now: Uint16Array
  first: number
  last: number
}

/**
 * How the labels of a brick differ; null when they do not.
 * @param gained voxels by label; added to
 */
export function differenceOf(
  bricks: LabelBricks,
  { brick, before, now: after, first, last }: EditedBrick,
  gained: Map<number, number>,
): { change: BrickChange; numVoxels: number } | null {
  const low = [63, 63, 63]
  const high = [0, 0, 0]
  let count = 0
  for (let at = first; at <= last; at++) {
    if (before[at] === after[at]) continue
    count++
    add(gained, before[at], -1)
    add(gained, after[at], 1)
    const [z, y, x] = [at >> 12, (at >> 6) & 63, at & 63]
    if (z < low[0]) low[0] = z
    if (y < low[1]) low[1] = y
    if (x < low[2]) low[2] = x
    if (z > high[0]) high[0] = z
    if (y > high[1]) high[1] = y
    if (x > high[2]) high[2] = x
  }
  if (count === 0) return null
  const origin = bricks.startOf(brick)
  const startZyx: Zyx = [origin[0] + low[0], origin[1] + low[1], origin[2] + low[2]]
  const shapeZyx: Zyx = [high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1]
  const box = { startZyx, shapeZyx }
  const change = { brick, ...box, before: packRuns(cut(before, box)), after: packRuns(cut(after, box)) }
  return { change, numVoxels: count }
}

/**
 * Puts a change's boxes into the map, as they are after it or, last one first, as they were before it.
 * @throws RangeError when the change is damaged
 */
export function putChange(bricks: LabelBricks, change: MaskChange, side: 'before' | 'after'): void {
  const inOrder = side === 'after' ? change.bricks : [...change.bricks].reverse()
  for (const one of inOrder) {
    const values = new Uint16Array(numVoxels(one.shapeZyx))
    unpackRuns(one[side], values)
    const labels = bricks.read(one.brick).slice()
    const [nz, ny, nx] = one.shapeZyx
    const [z0, y0, x0] = one.startZyx
    for (let z = 0, from = 0; z < nz; z++)
      for (let y = 0; y < ny; y++, from += nx)
        labels.set(values.subarray(from, from + nx), offsetIn(z0 + z, y0 + y, x0))
    bricks.replace(one.brick, labels)
  }
}

/**
 * Puts in a change of which only what came after it is known, and finds what was there before.
 * @returns the whole change
 * @throws RangeError when it is damaged
 */
export function completeChange(bricks: LabelBricks, change: MaskChange): MaskChange {
  const completed: BrickChange[] = []
  for (const one of change.bricks) {
    completed.push({ ...one, before: packRuns(bricks.readBox(one.startZyx, one.shapeZyx)) })
    // One change may name a brick more than once.
    putChange(bricks, { ...change, bricks: [one] }, 'after')
  }
  return { ...change, bricks: completed }
}

/** The same change the other way round. */
export function reverseOf({ bricks, gained, numVoxels: count }: MaskChange): MaskChange {
  return {
    bricks: [...bricks].reverse().map((one) => ({ ...one, before: one.after, after: one.before })),
    gained: new Map([...gained].map(([label, voxels]) => [label, -voxels])),
    numVoxels: count,
  }
}

/** Two changes, one after the other. */
export function joinChanges(first: MaskChange, second: MaskChange): MaskChange {
  const gained = new Map(first.gained)
  for (const [label, voxels] of second.gained) add(gained, label, voxels)
  return { bricks: [...first.bricks, ...second.bricks], gained, numVoxels: first.numVoxels + second.numVoxels }
}

function cut(labels: Uint16Array, { startZyx: [z0, y0, x0], shapeZyx: [nz, ny, nx] }: VoxelBox): Uint16Array {
  const out = new Uint16Array(nz * ny * nx)
  for (let z = 0, to = 0; z < nz; z++)
    for (let y = 0; y < ny; y++, to += nx) {
      const from = offsetIn(z0 + z, y0 + y, x0)
      out.set(labels.subarray(from, from + nx), to)
    }
  return out
}

function add(map: Map<number, number>, key: number, value: number): void {
  map.set(key, (map.get(key) ?? 0) + value)
}
