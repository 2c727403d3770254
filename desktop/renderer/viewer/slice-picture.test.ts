import { describe, expect, it } from 'vitest'
import { AS_STORED } from '../../../shared/volume/display-orientation.ts'
import { placeAlong, placeInMiddle, pointIn, slicePictures } from './slice-picture.ts'

// 40 × 30 × 20 voxels (x, y, z) of 1 × 2 × 3 "mm", level 1/2.
const grid = {
  bin: 2,
  levelShapeZyx: [10, 15, 20] as const,
  sourceShapeZyx: [20, 30, 40] as const,
  orientation: AS_STORED,
}
const first = [0, 0, 0]
const last = [40, 60, 60]
const tile = { leftTopWidthHeight: [100, 50, 400, 600], leftTopMM: [0, 0], fovMM: [40, 60] }

describe('slicePictures', () => {
  it('says where the file lies in each slice, with unequal axes', () => {
    const [xy] = slicePictures(grid, [{ ...tile, axCorSag: 0 }], first, last, 1)
    expect(xy).toMatchObject({ kind: 'xy', acrossAxis: 2 })
    expect(xy.columns.pxPerVoxel).toBeCloseTo(10)
    expect(xy.rows.pxPerVoxel).toBeCloseTo(-20)
    expect(pointIn(xy, [0, 0, 7])).toEqual({ x: 105, y: 640 })
    expect(pointIn(xy, [39, 29, 7])).toEqual({ x: 495, y: 60 })
    expect(placeInMiddle(xy, [1, 2, 7])).toEqual([19.5, 14.5, 7])
    expect([placeAlong(xy.columns, 495), placeAlong(xy.rows, 60)]).toEqual([39, 29])
  })

  it('follows zoom, Y down and the density of the screen', () => {
    const zoomed = { ...tile, axCorSag: 0, leftTopMM: [10, 20], fovMM: [20, 30], isYDown: true }
    const [xy] = slicePictures(grid, [zoomed], first, last, 2)
    expect(pointIn(xy, [9.5, 9.5, 0])).toEqual({ x: 50, y: 25 })
    expect(xy.columns.pxPerVoxel).toBeCloseTo(10)
    expect(xy.rows.pxPerVoxel).toBeCloseTo(20)
  })

  it('counts mirrored axes from the end of the file, and leaves 3D out', () => {
    const orientation = { fileAxisXyz: [1, 0, 2], isFlippedXyz: [true, false, false] } as const
    const turned = { ...grid, orientation: { ...orientation } } as unknown as Parameters<typeof slicePictures>[0]
    const pictures = slicePictures(
      turned,
      [
        { ...tile, axCorSag: 4 },
        { ...tile, axCorSag: 0 },
      ],
      first,
      last,
      1,
    )
    expect(pictures).toHaveLength(1)
    expect(pictures[0].columns).toMatchObject({ fileAxis: 1, zeroPx: 495 })
    expect(pictures[0].columns.pxPerVoxel).toBeCloseTo(-10)
  })
})
