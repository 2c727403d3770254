import { type DrawnTile, TILE_AXES } from './slice-picture.ts'

/** Shift along the display axes in NiiVue's millimetres, and magnification, of one slice. At 1 the slice fits its pane. */
export type SliceZoom = [x: number, y: number, z: number, zoom: number]
type Triple = readonly [number, number, number]

export const FITTED: Readonly<SliceZoom> = [0, 0, 0, 1]
const LEAST = 0.5
// A thin slab seen from the side needs more than a slice that fills its pane.
const MOST = 64
// Beside another volume, or a larger slice, a picture may be smaller or larger than one would zoom it by hand.
const [LEAST_PLACED, MOST_PLACED] = [0.01, 1000]

/** Enlarged by a factor, within limits; the point stays where it is in the pane. */
export function zoomedAbout(slice: Readonly<SliceZoom>, factor: number, pointMm: Triple): SliceZoom {
  const before = slice[3]
  const after = Math.min(MOST, Math.max(LEAST, before * factor))
  const [x, y, z] = [0, 1, 2].map((axis) => slice[axis] + (before - after) * pointMm[axis])
  return [x, y, z, after]
}

/** Moved with its picture by millimetres of the volume. */
export function movedBy([x, y, z, zoom]: Readonly<SliceZoom>, byMm: Triple): SliceZoom {
  return [x + zoom * byMm[0], y + zoom * byMm[1], z + zoom * byMm[2], zoom]
}

/** With a point in the middle of its pane. @param middleMm the middle of the volume */
export function centredOn(pointMm: Triple, zoom: number, middleMm: Triple): SliceZoom {
  const held = Math.min(MOST_PLACED, Math.max(LEAST_PLACED, zoom))
  const [x, y, z] = [0, 1, 2].map((axis) => middleMm[axis] - held * pointMm[axis])
  return [x, y, z, held]
}

/** How many millimetres one device pixel of a drawn slice is wide. */
export function mmPerPx({ fovMM, leftTopWidthHeight }: DrawnTile): number {
  return fovMM[0] / leftTopWidthHeight[2]
}

/** The point of the volume under a device pixel of a drawn slice; 0 along the axis that it is seen along. */
export function pointMmAt(tile: DrawnTile, x: number, y: number): [number, number, number] {
  const [left, top, width, height] = Array.from(tile.leftTopWidthHeight)
  const fromTop = (y - top) / height
  const point: [number, number, number] = [0, 0, 0]
  const [across, up] = TILE_AXES[tile.axCorSag]
  point[across] = tile.leftTopMM[0] + ((x - left) / width) * tile.fovMM[0]
  point[up] = tile.leftTopMM[1] + (tile.isYDown ? fromTop : 1 - fromTop) * tile.fovMM[1]
  return point
}
