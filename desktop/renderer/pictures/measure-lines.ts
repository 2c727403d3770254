import type { Measurement } from '../state/look-slice.ts'
import { pointIn, type SlicePicture } from '../viewer/slice-picture.ts'
import type { Box } from './picture-size.ts'

type Point = readonly [x: number, y: number]

/** A measurement in a picture; pixels of the part that is kept. */
export interface MeasureLine {
  points: readonly Point[]
  /** The slice that it is in. */
  clip: Box
  /** Its end, or the corner of an angle. */
  textAt: Point
  text: string
}

/** A measurement where its slice lies in a picture, of which `box` is kept. */
export function measureLine(
  { kind, pointsXyz }: Measurement,
  slice: SlicePicture,
  box: Box,
  text: string,
): MeasureLine {
  const points = pointsXyz.map((place): Point => {
    const { x, y } = pointIn(slice, place)
    return [x - box.left, y - box.top]
  })
  const { left, top, width, height } = slice
  const clip = { left: left - box.left, top: top - box.top, width, height }
  return { points, clip, textAt: points[kind === 'angle' ? 1 : points.length - 1], text }
}
