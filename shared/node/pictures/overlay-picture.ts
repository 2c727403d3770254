import { greyOf, LABEL_OPACITY, type Picture, type SliceInput } from './slice-picture.ts'

/** A plane to be drawn with its labels over it, in the shape that it has in space. */
export interface OverlayInput extends SliceInput {
  /** Distance between voxels down and across, in one unit; the ratio is what counts. */
  spacingYx: readonly [number, number]
  /** Pixels of the longer side of the picture. */
  longestPx: number
}

/**
 * A slice in grey with its labels over it, the first row at the bottom (y, or z, up). The nearest voxel is drawn, so that
 * no label is mixed with another.
 * @returns the picture, and how many pixels one unit of the spacing takes
 */
export function drawOverlay(input: OverlayInput): Picture & { pixelsPerUnit: number } {
  const { spacingYx, longestPx, values, labels, window, colors } = input
  const [rows, columns] = input.sizeYx
  const pixelsPerUnit = longestPx / Math.max(rows * spacingYx[0], columns * spacingYx[1])
  const height = Math.max(1, Math.round(rows * spacingYx[0] * pixelsPerUnit))
  const width = Math.max(1, Math.round(columns * spacingYx[1] * pixelsPerUnit))
  const rgb = new Uint8Array(width * height * 3)
  for (let top = 0, to = 0; top < height; top++) {
    const row = rows - 1 - Math.floor(((top + 0.5) * rows) / height)
    for (let left = 0; left < width; left++, to += 3) {
      const voxel = row * columns + Math.floor(((left + 0.5) * columns) / width)
      const grey = greyOf(values[voxel], window)
      const color = colors.get(labels[voxel])
      for (let channel = 0; channel < 3; channel++)
        rgb[to + channel] = color ? Math.round(grey * (1 - LABEL_OPACITY) + color[channel] * LABEL_OPACITY) : grey
    }
  }
  return { rgb, width, height, pixelsPerUnit }
}
