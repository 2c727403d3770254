import { expect, it } from 'vitest'
import type { SlicePicture } from '../../viewer/slice-picture.ts'
import { regionBox, regionHandles } from './region-handles.ts'

// XY of a volume with y up: 10 pixels a voxel across, 4 up.
const slice: SlicePicture = {
  ...{ kind: 'xy', acrossAxis: 2, left: 0, top: 0, width: 400, height: 200 },
  columns: { fileAxis: 0, zeroPx: 5, pxPerVoxel: 10 },
  rows: { fileAxis: 1, zeroPx: 198, pxPerVoxel: -4 },
}
const box = regionBox(slice, [
  [0, 9],
  [10, 20],
  [3, 8],
])

it('lies on the borders of its first and last voxels, also along an axis that runs upwards', () => {
  expect(box).toEqual({ x: 30, y: 120, width: 50, height: 40 })
})

it('has eight handles that know which end they move', () => {
  const handles = Object.fromEntries(regionHandles(slice, box).map((handle) => [handle.name, handle]))
  expect(Object.keys(handles).sort()).toEqual(['x0', 'x0y0', 'x0y1', 'x1', 'x1y0', 'x1y1', 'y0', 'y1'])
  expect(handles.x1).toMatchObject({ x: 80, y: 140, cursor: 'ew-resize' })
  // The last row of voxels is on top.
  expect(handles.y1).toMatchObject({ x: 55, y: 120, cursor: 'ns-resize' })
  expect(handles.x0y1).toMatchObject({ x: 30, y: 120, cursor: 'nwse-resize' })
  expect(handles.x0y0.ends).toEqual([
    [slice.columns, 0],
    [slice.rows, 0],
  ])
})
