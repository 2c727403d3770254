import { reverseTriple } from '../../../shared/volume/zyx.ts'
import type { SlicePicture } from '../viewer/slice-picture.ts'

/** Pixels of a picture for each pixel of the screen, along a side. */
export const SCALES = [1, 2, 4] as const
export type Scale = (typeof SCALES)[number]

export interface Size {
  width: number
  height: number
}

/** A part of a picture, whole pixels. */
export interface Box extends Size {
  left: number
  top: number
}

// Chromium makes no canvas with more pixels.
const MOST_PIXELS = 16_384 ** 2

/** A size that can be chosen, or cannot. */
export interface OfferedSize extends Size {
  scale: Scale
  isPossible: boolean
}

/**
 * @param size  of the picture at the size of the screen
 * @param drawn what is drawn for it, of which it may be a part, and the longest side that the graphics card draws
 */
export function offeredSizes({ width, height }: Size, drawn: Size & { longestSide: number }): OfferedSize[] {
  return SCALES.map((scale) => {
    const isPossible =
      Math.max(drawn.width, drawn.height) * scale <= drawn.longestSide &&
      drawn.width * drawn.height * scale ** 2 <= MOST_PIXELS
    return { scale, width: width * scale, height: height * scale, isPossible }
  })
}

/** The part of a slice's pane in which the volume is, at the size of the screen; the whole pane where none of it is seen. */
export function boxOfVolume(slice: SlicePicture, shapeZyx: readonly [number, number, number], pane: Size): Box {
  const sizes = reverseTriple(shapeZyx)
  const across = rangeOf(slice.columns, sizes, pane.width)
  const down = rangeOf(slice.rows, sizes, pane.height)
  if (across.size < 1 || down.size < 1) return { left: 0, top: 0, ...pane }
  return { left: across.from, top: down.from, width: across.size, height: down.size }
}

function rangeOf(
  { fileAxis, zeroPx, pxPerVoxel }: SlicePicture['columns'],
  sizes: readonly number[],
  most: number,
): { from: number; size: number } {
  const ends = [zeroPx - pxPerVoxel / 2, zeroPx + (sizes[fileAxis] - 0.5) * pxPerVoxel].sort((a, b) => a - b)
  // Whole pixels inside; the graphics card rounds an edge by up to one pixel more.
  const from = ends[0] < 0.01 ? 0 : Math.ceil(ends[0]) + 1
  const to = ends[1] > most - 0.01 ? most : Math.floor(ends[1]) - 1
  return { from, size: to - from }
}

/** The same part of a picture that is drawn `scale` times as large. */
export function scaledBox({ left, top, width, height }: Box, scale: number): Box {
  return { left: left * scale, top: top * scale, width: width * scale, height: height * scale }
}

/** Video has two pixels for each of its colours: an odd last row or column goes. */
export function evenSize({ width, height }: Size): Size {
  return { width: Math.max(2, width & ~1), height: Math.max(2, height & ~1) }
}
