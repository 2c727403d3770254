import { reverseTriple, type Xyz } from '../../../shared/volume/zyx.ts'
import type { LevelGrid } from './level-grid.ts'
import type { SliceKind } from './pane-layout.ts'

/** How one axis of the file runs over a slice: place in the window = zeroPx + pxPerVoxel · place in the file. */
export interface AxisLine {
  /** 0 = x of the file. */
  fileAxis: 0 | 1 | 2
  /** Where voxel 0 of the file has its middle; pixels from the left or the upper edge of the picture. */
  zeroPx: number
  /** Negative where the file's axis runs to the left, or up. */
  pxPerVoxel: number
}

/** Where the file lies in one slice of the picture, at the zoom and shift there is now. Pixels of the window. */
export interface SlicePicture {
  kind: SliceKind
  /** 1, and where it is absent, the slice fits its pane. */
  zoom?: number
  /** The axis of the file that the slice is seen along. */
  acrossAxis: 0 | 1 | 2
  left: number
  top: number
  width: number
  height: number
  columns: AxisLine
  rows: AxisLine
}

/** What NiiVue says of one tile that it drew; device pixels and its own millimetres. */
export interface DrawnTile {
  axCorSag: number
  leftTopWidthHeight: ArrayLike<number>
  leftTopMM: ArrayLike<number>
  fovMM: ArrayLike<number>
  isYDown?: boolean
}

/** By NiiVue's axial, coronal, sagittal. */
export const SLICE_KINDS = ['xy', 'xz', 'yz'] as const
/** Display axes across and up, and the one that is seen along, by NiiVue's axial, coronal, sagittal. */
export const TILE_AXES = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 2, 0],
] as const

/**
 * The slices of a picture that was drawn.
 * @param firstMm,lastMm NiiVue's millimetres at the two ends of the level, along the display axes
 * @param scale          device pixels per pixel of the window
 * @param zoomOf         how much a slice is enlarged
 */
export function slicePictures(
  grid: LevelGrid,
  tiles: readonly DrawnTile[],
  firstMm: ArrayLike<number>,
  lastMm: ArrayLike<number>,
  scale: number,
  zoomOf: (kind: SliceKind) => number = () => 1,
): SlicePicture[] {
  const line = (display: 0 | 1 | 2, zeroMmPx: number, pxPerMm: number): AxisLine => {
    const { fileAxisXyz, isFlippedXyz } = grid.orientation
    const numVoxels = reverseTriple(grid.levelShapeZyx)[display] * grid.bin
    const mmPerVoxel = (lastMm[display] - firstMm[display]) / numVoxels
    const isFlipped = isFlippedXyz[display]
    const zeroMm = isFlipped ? lastMm[display] - mmPerVoxel / 2 : firstMm[display] + mmPerVoxel / 2
    return {
      fileAxis: fileAxisXyz[display] as 0 | 1 | 2,
      zeroPx: (zeroMmPx + zeroMm * pxPerMm) / scale,
      pxPerVoxel: ((isFlipped ? -mmPerVoxel : mmPerVoxel) * pxPerMm) / scale,
    }
  }
  return tiles.flatMap((tile) => {
    const axes = TILE_AXES[tile.axCorSag]
    if (!axes || tile.fovMM.length < 2) return []
    const [left, top, width, height] = Array.from(tile.leftTopWidthHeight)
    const perMmAcross = width / tile.fovMM[0]
    const perMmUp = ((tile.isYDown ? 1 : -1) * height) / tile.fovMM[1]
    const bottom = tile.isYDown ? top : top + height
    return {
      kind: SLICE_KINDS[tile.axCorSag],
      zoom: zoomOf(SLICE_KINDS[tile.axCorSag]),
      acrossAxis: grid.orientation.fileAxisXyz[axes[2]] as 0 | 1 | 2,
      left: left / scale,
      top: top / scale,
      width: width / scale,
      height: height / scale,
      columns: line(axes[0], left - tile.leftTopMM[0] * perMmAcross, perMmAcross),
      rows: line(axes[1], bottom - tile.leftTopMM[1] * perMmUp, perMmUp),
    }
  })
}

/** The place of the file in the middle of a slice; across it where the crosshair is. */
export function placeInMiddle({ left, top, width, height, columns, rows }: SlicePicture, crosshairXyz: Xyz): Xyz {
  const place: [number, number, number] = [...crosshairXyz]
  place[columns.fileAxis] = placeAlong(columns, left + width / 2)
  place[rows.fileAxis] = placeAlong(rows, top + height / 2)
  return place
}

/** The place along one axis of the file at pixels from the left, or upper, edge of the picture. */
export function placeAlong({ zeroPx, pxPerVoxel }: AxisLine, px: number): number {
  return (px - zeroPx) / pxPerVoxel
}

/** Where a place of the file is seen in a slice, from the left upper corner of the picture. */
export function pointIn({ columns, rows }: SlicePicture, placeXyz: Xyz): { x: number; y: number } {
  return {
    x: columns.zeroPx + columns.pxPerVoxel * placeXyz[columns.fileAxis],
    y: rows.zeroPx + rows.pxPerVoxel * placeXyz[rows.fileAxis],
  }
}
