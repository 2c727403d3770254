import { createHash } from 'node:crypto'
import path from 'node:path'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import type { LabelBricks } from '../../../shared/mask/edit/label-bricks.ts'
import { loadBricks } from '../../../shared/mask/edit/load-bricks.ts'
import { labelsOf } from '../../../shared/mask/label-values.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import { boxesInOrder } from '../../../shared/volume/boxes-in-order.ts'
import { compareGrids } from '../../../shared/volume/grid-difference.ts'
import type { VolumeHeader, VolumeWarning } from '../../../shared/volume/header.ts'
import { numVoxels } from '../../../shared/volume/zyx.ts'

// 4 M voxels at once.
const MOST_HASHED_VOXELS = 4 * 1024 * 1024

/** A mask that was read, and what the user should know of its place. */
export interface LoadedMask {
  bricks: LabelBricks
  warnings: VolumeWarning[]
}

/**
 * A mask file as bricks, on the grid of a volume.
 * @param mode0 of bytes of an MRC file; signed ones below 0 become background
 * @throws {DomainError} `mask_grid_differs`, `request_invalid` for values that are no labels, `mask_sign_doubtful` where
 *   `mode0` is not told and bytes over 127 occur, what `openVolumeFile` throws
 */
export async function loadMask(
  file: string,
  volume: VolumeHeader,
  mode0: 'signed' | 'unsigned' | undefined,
): Promise<LoadedMask> {
  const source = await openVolumeFile(file, { mode0 })
  const name = path.basename(file)
  try {
    const { refusal, doubt } = compareGrids(source.header, volume)
    if (refusal) throw new DomainError('mask_grid_differs', { name, reason: refusal })
    const bricks = await loadBricks(source, (voxels) =>
      voxels instanceof Int8Array && source.header.geometry.format === 'mrc'
        ? labelsOfBytes(voxels, mode0 === 'signed', name)
        : labelsOf(voxels, source.header),
    )
    const message = `${name} is laid over the volume voxel by voxel, but as its header has it, ${doubt}.`
    return { bricks, warnings: doubt ? [{ code: 'mask_place_differs', message }] : [] }
  } finally {
    await source.close()
  }
}

function labelsOfBytes(voxels: Int8Array, isToldSigned: boolean, name: string): Uint16Array {
  const labels = new Uint16Array(voxels.length)
  for (let i = 0; i < voxels.length; i++) {
    if (voxels[i] >= 0) labels[i] = voxels[i]
    else if (!isToldSigned) throw new DomainError('mask_sign_doubtful', { name })
  }
  return labels
}

/** Voxels of each label that occurs. */
export function countBricks(bricks: LabelBricks): Map<number, number> {
  const counts = new Map<number, number>()
  for (let brick = 0; brick < bricks.numBricks; brick++) {
    const extent = bricks.extentOf(brick)
    const only = bricks.onlyLabelOf(brick)
    if (only !== null) {
      counts.set(only, (counts.get(only) ?? 0) + numVoxels(extent))
      continue
    }
    const labels = bricks.readBox(bricks.startOf(brick), extent)
    for (let i = 0; i < labels.length; ) {
      const label = labels[i]
      const start = i
      while (i < labels.length && labels[i] === label) i++
      counts.set(label, (counts.get(label) ?? 0) + i - start)
    }
  }
  return counts
}

/** The type that labels are written in: uint8 up to 254, else uint16 (DESIGN §3). */
export function labelType(counts: ReadonlyMap<number, number>): 'uint8' | 'uint16' {
  return Math.max(0, ...counts.keys()) <= 254 ? 'uint8' : 'uint16'
}

/** SHA-256 of the labels in the type that they are written in, little-endian, z, y, x order: as servers state it. */
export function hashBricks(bricks: LabelBricks, counts: ReadonlyMap<number, number>): string {
  const [nz, ny, nx] = bricks.shapeZyx
  const hash = createHash('sha256')
  const isNarrow = labelType(counts) === 'uint8'
  for (const { startZyx, shapeZyx } of boxesInOrder([nz, ny, nx], MOST_HASHED_VOXELS)) {
    const box = bricks.readBox(startZyx, shapeZyx)
    const bytes = isNarrow ? Uint8Array.from(box) : box
    hash.update(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }
  return hash.digest('hex')
}
