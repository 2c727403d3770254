import { DomainError } from '../../errors/domain-error.ts'
import type { Zyx } from '../../volume/zyx.ts'
import { ShapesBetween } from './between-slices.ts'
import type { PaintOver } from './edit-writer.ts'
import { polygonVoxels } from './lasso.ts'
import type { MaskChange } from './mask-change.ts'
import type { MaskEditor } from './mask-editor.ts'
import { planeAxes, runWriter, type SliceAxis, sliceBox } from './plane-axes.ts'
import { connectedInPlane } from './plane-fill.ts'
import { strokeVoxels } from './stroke.ts'

// A slice of 8192 × 8192 voxels.
const MOST_FILLED = 64 * 1024 * 1024

export interface BrushStroke {
  label: number
  over: PaintOver
  group: string | null
  /** Voxel indices. */
  pathZyx: readonly Zyx[]
  /** Voxels along each axis; 0 along the axis that a disc is seen along. */
  radiusZyx: Zyx
}

/** Draws a disc or a ball along a path. @throws {DomainError} `label_locked` */
export function brush(editor: MaskEditor, stroke: BrushStroke): Promise<MaskChange> {
  const { label, over, group, pathZyx, radiusZyx } = stroke
  const name = label === 0 ? 'eraser' : 'brush'
  return editor.edit({ name, group, label, over }, (writer) =>
    strokeVoxels(pathZyx, radiusZyx, editor.bricks.shapeZyx, (z, y, x, xEnd) => writer.setRun(z, y, x, xEnd, label)),
  )
}

/**
 * Gives a label to what is connected with a voxel in its slice and has its label.
 * @throws {DomainError} `label_locked`, `mask_region_too_large`
 */
export async function fillInPlane(
  editor: MaskEditor,
  { label, axis, seedZyx }: { label: number; axis: SliceAxis; seedZyx: Zyx },
  most = MOST_FILLED,
): Promise<MaskChange> {
  const { bricks, locked } = editor
  const axes = planeAxes(axis)
  const found = bricks.at(...seedZyx)
  if (locked.has(found)) throw new DomainError('label_locked', { label: found })
  return editor.edit({ name: 'fill', label }, (writer) => {
    const box = sliceBox(bricks.shapeZyx, axis, seedZyx[axes.across])
    const slice = bricks.readBox(box.startZyx, box.shapeZyx)
    const seed = { row: seedZyx[axes.rows], column: seedZyx[axes.columns] }
    const take = runWriter(axis, seedZyx[axes.across], (z, y, x, xEnd) => writer.setRun(z, y, x, xEnd, label))
    const count = connectedInPlane(slice, bricks.shapeZyx[axes.columns], seed, most, take)
    if (count > most) throw new DomainError('mask_region_too_large', { most })
  })
}

/** Gives a label to the voxels of a slice inside a polygon [column, row]. @throws {DomainError} `label_locked` */
export function lasso(
  editor: MaskEditor,
  asked: {
    label: number
    over: PaintOver
    axis: SliceAxis
    index: number
    polygon: readonly (readonly [number, number])[]
  },
): Promise<MaskChange> {
  const { label, over, axis, index, polygon } = asked
  const { shapeZyx } = editor.bricks
  const axes = planeAxes(axis)
  return editor.edit({ name: label === 0 ? 'lasso eraser' : 'lasso', label, over }, (writer) => {
    if (index >= shapeZyx[axes.across]) return
    const take = runWriter(axis, index, (z, y, x, xEnd) => writer.setRun(z, y, x, xEnd, label))
    polygonVoxels(polygon, shapeZyx[axes.rows], shapeZyx[axes.columns], take)
  })
}

/**
 * Fills the slices between the nearest ones on both sides of a slice that hold a label, as one shape becomes the other.
 * The slice itself counts as none of them. Only background is filled.
 * @param spacingZyx of the voxels, any one unit
 * @throws {DomainError} `label_locked`, `mask_slices_missing`
 */
export async function interpolateSlices(
  editor: MaskEditor,
  { label, axis, index, spacingZyx }: { label: number; axis: SliceAxis; index: number; spacingZyx: Zyx },
): Promise<MaskChange> {
  const { bricks } = editor
  const axes = planeAxes(axis)
  const size = bricks.shapeZyx[axes.across]
  const below = nearestSlice(editor, label, axis, index - 1, -1)
  const above = nearestSlice(editor, label, axis, index + 1, size)
  if (!below || !above) throw new DomainError('mask_slices_missing', { label, axis, index })
  return editor.edit({ name: 'interpolate', label, over: 'background' }, (writer) => {
    const numColumns = bricks.shapeZyx[axes.columns]
    const shapes = [below, above].map(({ inside }) => ({ inside, numColumns }))
    const between = new ShapesBetween(shapes[0], shapes[1], [spacingZyx[axes.rows], spacingZyx[axes.columns]])
    for (let at = below.index + 1; at < above.index; at++) {
      const inside = between.at((at - below.index) / (above.index - below.index))
      const take = runWriter(axis, at, (z, y, x, xEnd) => writer.setRun(z, y, x, xEnd, label))
      eachRun(inside, numColumns, take)
    }
  })
}

function nearestSlice(
  { bricks }: MaskEditor,
  label: number,
  axis: SliceAxis,
  from: number,
  end: number,
): { index: number; inside: Uint8Array } | null {
  for (let index = from; index !== end; index += Math.sign(end - from)) {
    if (index < 0 || index >= bricks.shapeZyx[planeAxes(axis).across]) return null
    const box = sliceBox(bricks.shapeZyx, axis, index)
    const slice = bricks.readBox(box.startZyx, box.shapeZyx)
    if (slice.includes(label)) return { index, inside: Uint8Array.from(slice, (value) => (value === label ? 1 : 0)) }
  }
  return null
}

function eachRun(inside: Uint8Array, numColumns: number, take: (row: number, from: number, to: number) => void): void {
  for (let start = 0; start < inside.length; start += numColumns)
    for (let column = 0; column < numColumns; column++) {
      if (inside[start + column] === 0) continue
      const from = column
      while (column < numColumns && inside[start + column] === 1) column++
      take(start / numColumns, from, column)
    }
}
