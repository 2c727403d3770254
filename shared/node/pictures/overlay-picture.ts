import { greyOf, LABEL_OPACITY, type Picture, type SliceInput } from './slice-picture.ts'

/** The shape that a plane has in space. */
export interface PlaneShape {
  sizeYx: readonly [number, number]
  /** Distance between voxels down and across, in one unit. */
  spacingYx: readonly [number, number]
  /** Pixels of the longer side of the picture. */
  longestPx: number
}

/** A plane to be drawn with its labels over it, in the shape that it has in space. */
export type OverlayInput = SliceInput & PlaneShape

/** Which voxel each pixel of a picture shows; rows from the top, the plane's first row at the bottom (y, or z, up). */
export function pixelVoxels({ sizeYx: [rows, columns], spacingYx, longestPx }: PlaneShape) {
  const pixelsPerUnit = longestPx / Math.max(rows * spacingYx[0], columns * spacingYx[1])
  const height = Math.max(1, Math.round(rows * spacingYx[0] * pixelsPerUnit))
  const width = Math.max(1, Math.round(columns * spacingYx[1] * pixelsPerUnit))
  const voxels = new Uint32Array(width * height)
  for (let top = 0, to = 0; top < height; top++) {
    const row = rows - 1 - Math.floor(((top + 0.5) * rows) / height)
    for (let left = 0; left < width; left++) voxels[to++] = row * columns + Math.floor(((left + 0.5) * columns) / width)
  }
  return { width, height, voxels, pixelsPerUnit }
}

/**
 * A slice in grey with its labels over it. The nearest voxel is drawn, so that no label is mixed with another.
 * @returns the picture, and how many pixels one unit of the spacing takes
 */
export function drawOverlay(input: OverlayInput): Picture & { pixelsPerUnit: number } {
  const { values, labels, window, colors } = input
  const { width, height, voxels, pixelsPerUnit } = pixelVoxels(input)
  const rgb = new Uint8Array(width * height * 3)
  for (let pixel = 0, to = 0; pixel < voxels.length; pixel++, to += 3) {
    const grey = greyOf(values[voxels[pixel]], window)
    const color = colors.get(labels[voxels[pixel]])
    for (let channel = 0; channel < 3; channel++)
      rgb[to + channel] = color ? Math.round(grey * (1 - LABEL_OPACITY) + color[channel] * LABEL_OPACITY) : grey
  }
  return { rgb, width, height, pixelsPerUnit }
}
