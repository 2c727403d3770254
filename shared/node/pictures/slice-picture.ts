/** How much of a label's colour covers the grey below it. */
export const LABEL_OPACITY = 0.45

/** The picture is at least this wide, so that voxels can be seen. */
const LEAST_WIDTH_PX = 1000

/** Pixels between the two halves. */
const GAP_PX = 8

export interface SliceInput {
  /** Values of one plane, y, x order. */
  values: Float32Array
  /** Labels of the same plane. */
  labels: ArrayLike<number>
  sizeYx: readonly [number, number]
  /** Shown as black and white. */
  window: readonly [low: number, high: number]
  /** Colour of each label as three bytes. */
  colors: ReadonlyMap<number, readonly [number, number, number]>
}

export interface Picture {
  /** Rows from the top, three bytes a pixel. */
  rgb: Uint8Array
  width: number
  height: number
}

/** Values below and above which 0.5 % of a plane lie: a window that a few bright voxels do not spoil. */
export function robustWindow(values: Float32Array): [number, number] {
  const sorted = values.filter(Number.isFinite).sort()
  if (sorted.length === 0) return [0, 1]
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  const [low, high] = [at(0.005), at(0.995)]
  return high > low ? [low, high] : [low, low + 1]
}

/** A slice in grey and, beside it, the same slice with its labels over it; y points up, as in IMOD. */
export function drawSlice(input: SliceInput): Picture {
  const [sizeY, sizeX] = input.sizeYx
  const scale = Math.max(1, Math.ceil(LEAST_WIDTH_PX / (2 * sizeX)))
  const width = 2 * sizeX * scale + GAP_PX
  const height = sizeY * scale
  const rgb = new Uint8Array(width * height * 3).fill(255)
  for (let row = 0; row < height; row++) {
    const y = sizeY - 1 - Math.floor(row / scale)
    for (let column = 0; column < sizeX * scale; column++) {
      const voxel = y * sizeX + Math.floor(column / scale)
      const grey = greyOf(input.values[voxel], input.window)
      const color = input.colors.get(input.labels[voxel])
      const left = (row * width + column) * 3
      const right = left + (sizeX * scale + GAP_PX) * 3
      for (let channel = 0; channel < 3; channel++) {
        rgb[left + channel] = grey
        rgb[right + channel] = color ? Math.round(grey * (1 - LABEL_OPACITY) + color[channel] * LABEL_OPACITY) : grey
      }
    }
  }
  return { rgb, width, height }
}

/** A value as grey, 0 to 255; black for NaN. */
export function greyOf(value: number, [low, high]: readonly [number, number]): number {
  if (!Number.isFinite(value)) return 0
  return Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low))))
}
