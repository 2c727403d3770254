import { scaleBar } from '../state/physical.ts'
import type { PaneKind } from '../viewer/pane-layout.ts'
import type { SpacePicture } from '../viewer/picture-drawing.ts'
import type { SlicePicture } from '../viewer/slice-picture.ts'
import type { Box } from './picture-size.ts'

/** A scale bar in a picture: its left end and upper edge, whole pixels. */
export interface ScaleMark {
  shown: PaneKind
  left: number
  top: number
  lengthPx: number
  text: string
}

/** As on the screen, in its pixels. */
const MOST_SHARE = 0.3
const MOST_PX = 180
const MARGIN_PX = 12
const FROM_BOTTOM_PX = 16

export interface MarkGround {
  slices: readonly SlicePicture[]
  space: SpacePicture | null
  /** The part that is kept. */
  box: Box
  /** Nanometres of a voxel along an axis of the file; null where nobody says. */
  voxelNm: (fileAxis: 0 | 1 | 2) => number | null
  /** The axis of the file that the first display axis is. */
  firstAxis: 0 | 1 | 2
  /** Pixels of the picture for a pixel that sizes in the window are given in. */
  pixelScale: number
}

/** A bar of a round length in each slice, and in 3D, which is seen without perspective. */
export function scaleMarks({ slices, space, box, voxelNm, firstAxis, pixelScale }: MarkGround): ScaleMark[] {
  const markIn = (shown: PaneKind, pane: Box, pxPerVoxel: number, nm: number | null): ScaleMark[] => {
    const left = Math.max(pane.left, box.left)
    const width = Math.min(pane.left + pane.width, box.left + box.width) - left
    const bottom = Math.min(pane.top + pane.height, box.top + box.height)
    const bar = nm && scaleBar(nm / Math.abs(pxPerVoxel), Math.min(MOST_PX * pixelScale, width * MOST_SHARE))
    if (!bar || bar.lengthPx < 1) return []
    return [
      {
        shown,
        left: Math.round(left - box.left + MARGIN_PX * pixelScale),
        top: Math.round(bottom - box.top - FROM_BOTTOM_PX * pixelScale),
        lengthPx: Math.round(bar.lengthPx),
        text: bar.text,
      },
    ]
  }
  const inSlices = slices.flatMap((slice) =>
    markIn(slice.kind, slice, slice.columns.pxPerVoxel, voxelNm(slice.columns.fileAxis)),
  )
  return space ? [...inSlices, ...markIn('3d', space, space.pxPerVoxel, voxelNm(firstAxis))] : inSlices
}
