import { DomainError } from '../../shared/errors/domain-error.ts'
import { brush, fillInPlane, interpolateSlices, lasso } from '../../shared/mask/edit/draw-operations.ts'
import { EditHistory } from '../../shared/mask/edit/edit-history.ts'
import type { PaintOver } from '../../shared/mask/edit/edit-writer.ts'
import { LabelBricks } from '../../shared/mask/edit/label-bricks.ts'
import type { MaskChange } from '../../shared/mask/edit/mask-change.ts'
import { MaskEditor } from '../../shared/mask/edit/mask-editor.ts'
import { planeAxes } from '../../shared/mask/edit/plane-axes.ts'
import { relabel, relabelObject } from '../../shared/mask/edit/region-operations.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'

/** Crosses borders of bricks along two axes; none of the three the same. */
export const SHAPE: Zyx = [9, 70, 131]

export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648
    return state / 2147483648
  }
}

/** A mask with blobs of labels 1 to 3 and a few single voxels, as one plain array. */
export function plainMask(random: () => number, shape: Zyx = SHAPE): Uint16Array {
  const out = new Uint16Array(numVoxels(shape))
  for (let blob = 0; blob < 12; blob++) {
    const label = 1 + Math.floor(random() * 3)
    const centre = shape.map((size) => random() * size)
    const radius = 2 + random() * 9
    eachVoxel(shape, (z, y, x, i) => {
      if (Math.hypot(z - centre[0], y - centre[1], x - centre[2]) < radius) out[i] = label
    })
  }
  for (let i = 0; i < 40; i++) out[Math.floor(random() * out.length)] = 300
  return out
}

export function eachVoxel([nz, ny, nx]: Zyx, take: (z: number, y: number, x: number, i: number) => void): void {
  for (let z = 0, i = 0; z < nz; z++) for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++, i++) take(z, y, x, i)
}

export function countsOf(labels: ArrayLike<number>): Map<number, number> {
  const counts = new Map<number, number>([[0, 0]])
  for (let i = 0; i < labels.length; i++) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1)
  return counts
}

export function editorOf(labels: Uint16Array, shape: Zyx = SHAPE, undoBytes?: number): MaskEditor {
  const bricks = new LabelBricks(shape)
  bricks.load([0, 0, 0], shape, labels)
  return new MaskEditor(bricks, countsOf(labels), undoBytes === undefined ? undefined : new EditHistory(undoBytes))
}

export const all = ({ bricks }: MaskEditor) => bricks.readBox([0, 0, 0], bricks.shapeZyx)
export const indexOf = ([, ny, nx]: Zyx, [z, y, x]: Zyx) => (z * ny + y) * nx + x
export const may = (over: PaintOver, label: number) => over === 'any' || label === (over === 'background' ? 0 : over)

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'ok',
    (error) => (error instanceof DomainError ? error.code : String(error)),
  )
}

export function ignoreRefusal(error: unknown): null {
  if (error instanceof DomainError) return null
  throw error
}

/** One operation of any kind at a random place. */
export async function randomOperation(editor: MaskEditor, random: () => number): Promise<MaskChange | null> {
  const whole = (most: number) => Math.floor(random() * most)
  const voxel = () => editor.bricks.shapeZyx.map(whole) as unknown as Zyx
  const axis = (['x', 'y', 'z'] as const)[whole(3)]
  const { across, rows, columns } = planeAxes(axis)
  const label = whole(4)
  const radius = [1 + random() * 8, 1 + random() * 8, 1 + random() * 8]
  const over = (['any', 'background', 2] as const)[whole(3)]
  switch (whole(7)) {
    case 0:
      radius[across] = 0
      return brush(editor, { label, over, group: null, pathZyx: [voxel()], radiusZyx: radius as unknown as Zyx })
    case 1:
      return brush(editor, {
        label,
        over,
        group: null,
        pathZyx: [voxel(), voxel()],
        radiusZyx: radius as unknown as Zyx,
      })
    case 2:
      return fillInPlane(editor, { label, axis, seedZyx: voxel() }, 3000)
    case 3: {
      const corner = () =>
        [random() * editor.bricks.shapeZyx[columns], random() * editor.bricks.shapeZyx[rows]] as const
      const index = whole(editor.bricks.shapeZyx[across])
      return lasso(editor, { label, over, axis, index, polygon: [corner(), corner(), corner(), corner()] })
    }
    case 4:
      return relabelObject(editor, { label, seedZyx: voxel() })
    case 5:
      return relabel(editor, 1 + whole(3), label)
    default:
      return interpolateSlices(editor, { label: 1 + whole(3), axis: 'z', index: 4, spacingZyx: [2, 1, 1] })
  }
}

/** Neighbours by faces. */
export const FACES: Zyx[] = [
  [1, 0, 0],
  [-1, 0, 0],
  [0, 1, 0],
  [0, -1, 0],
  [0, 0, 1],
  [0, 0, -1],
]

export function naiveFlood(seed: Zyx, steps: Zyx[], belongs: (at: Zyx, i: number) => boolean): Set<number> {
  const found = new Set<number>()
  const waiting = [seed]
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    if (at.some((one, axis) => one < 0 || one >= SHAPE[axis])) continue
    const i = indexOf(SHAPE, at)
    if (found.has(i) || !belongs(at, i)) continue
    found.add(i)
    for (const [dz, dy, dx] of steps) waiting.push([at[0] + dz, at[1] + dy, at[2] + dx])
  }
  return found
}
