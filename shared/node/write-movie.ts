import { DomainError } from '../errors/domain-error.ts'
import { gifFile } from '../formats/gif.ts'
import { scaleBar } from '../formats/scale-bar.ts'
import { defaultColor, parseColor } from '../mask/label-colors.ts'
import type { VoxelSource } from '../volume/header.ts'
import { toFloat32 } from '../volume/voxel-values.ts'
import { drawBar } from './pictures/bar-text.ts'
import { pixelVoxels } from './pictures/overlay-picture.ts'
import { greyOf, LABEL_OPACITY, robustWindow } from './pictures/slice-picture.ts'
import type { TakenMask } from './take-away.ts'
import { writeChunks } from './write-export.ts'

// A GIF has 256 colours: half for grey, half for labels over it.
const NUM_GREYS = 128
const NUM_LABEL_COLORS = 8
const LABEL_GREYS = (256 - NUM_GREYS) / NUM_LABEL_COLORS

export interface MovieInput {
  /** Not closed. */
  volume: VoxelSource
  /** Labels over the slices; null for none. */
  mask: TakenMask | null
  framesPerSecond: number
  /** Pixels of the longer side. */
  longestPx: number
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

/**
 * Writes a GIF through the planes of a volume in ascending z, y up, with a scale bar where the voxel size is known. Labels have
 * eight colours in turn. Holds one plane and one frame; the memory of the file goes as it is written.
 * @throws {DomainError} `mask_grid_differs`, `file_unwritable`, `canceled`
 */
export async function writeMovie(file: string, input: MovieInput): Promise<{ frames: number }> {
  const { volume, mask } = input
  const { shapeZyx, voxelSizeZyx, unit } = volume.header
  if (mask && mask.header.shapeZyx.join() !== shapeZyx.join())
    throw new DomainError('mask_grid_differs', { name: 'The mask', reason: 'it has another shape' })
  const [, spacingY, spacingX] = voxelSizeZyx ?? [1, 1, 1]
  const sizeYx = [shapeZyx[1], shapeZyx[2]] as const
  const picture = pixelVoxels({ sizeYx, spacingYx: [spacingY, spacingX], longestPx: input.longestPx })
  const found = scaleBar(shapeZyx[2] * spacingX, voxelSizeZyx && unit)
  const bar = found && { pixels: found.length * picture.pixelsPerUnit, text: found.text }
  const { width, height } = picture
  const delay = Math.max(2, Math.round(100 / input.framesPerSecond))
  const look = { width, height, palette: moviePalette(mask), delay, comment: 'CryoMamba' }
  await writeChunks(file, gifFile(look, frames(input, { ...picture, bar })))
  return { frames: shapeZyx[0] }
}

type Drawn = ReturnType<typeof pixelVoxels> & { bar: { pixels: number; text: string } | null }

async function* frames({ volume, mask, onProgress, signal }: MovieInput, drawn: Drawn): AsyncGenerator<Uint8Array> {
  const { shapeZyx, dtype, scaling } = volume.header
  const readPlane = async (z: number) => toFloat32(await volume.readSlab(z, 1, signal), dtype, scaling)
  // One window for all frames: nothing flickers.
  const window = robustWindow(await readPlane(Math.floor(shapeZyx[0] / 2)))
  const labels = mask?.planes()[Symbol.asyncIterator]()
  const frame = new Uint8Array(drawn.voxels.length)
  for (let z = 0; z < shapeZyx[0]; z++) {
    if (signal?.aborted) throw new DomainError('canceled')
    const values = await readPlane(z)
    const plane = (await labels?.next())?.value as Uint16Array | undefined
    for (let pixel = 0; pixel < frame.length; pixel++) {
      const voxel = drawn.voxels[pixel]
      frame[pixel] = colorIndex(greyOf(values[voxel], window), plane ? plane[voxel] : 0)
    }
    if (drawn.bar) drawBar(frame, [drawn.width, drawn.height], drawn.bar, [0, NUM_GREYS - 1])
    yield frame
    onProgress?.(z + 1, shapeZyx[0])
  }
}

function colorIndex(grey: number, label: number): number {
  if (label === 0) return Math.round((grey * (NUM_GREYS - 1)) / 255)
  const slot = (label - 1) % NUM_LABEL_COLORS
  return NUM_GREYS + slot * LABEL_GREYS + Math.round((grey * (LABEL_GREYS - 1)) / 255)
}

/** Greys, then for each label colour its greys with the colour over them. */
function moviePalette(mask: TakenMask | null): Uint8Array {
  const palette = new Uint8Array(768)
  for (let i = 0; i < NUM_GREYS; i++) palette.fill(Math.round((i * 255) / (NUM_GREYS - 1)), i * 3, i * 3 + 3)
  for (let slot = 0; slot < NUM_LABEL_COLORS; slot++) {
    const known = mask?.labels.find(({ value }) => value === slot + 1)
    const color = parseColor(known?.color ?? defaultColor(slot + 1))
    for (let i = 0; i < LABEL_GREYS; i++) {
      const grey = (i * 255) / (LABEL_GREYS - 1)
      const at = (NUM_GREYS + slot * LABEL_GREYS + i) * 3
      for (let c = 0; c < 3; c++) palette[at + c] = Math.round(grey * (1 - LABEL_OPACITY) + color[c] * LABEL_OPACITY)
    }
  }
  return palette
}
