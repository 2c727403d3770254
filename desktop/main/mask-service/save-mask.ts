import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { croppedHeader } from '../../../shared/formats/cropped-header.ts'
import type { LabelBricks } from '../../../shared/mask/edit/label-bricks.ts'
import type { VoxelBox } from '../../../shared/mask/edit/mask-change.ts'
import { writeVolumeFile } from '../../../shared/node/volume-file.ts'
import { writeProvenance } from '../../../shared/node/write-export.ts'
import { BYTES_PER_VOXEL } from '../../../shared/volume/dtype.ts'
import type { BoxReader, VolumeHeader, VolumeWarning, VoxelSource } from '../../../shared/volume/header.ts'
import { numVoxels, type Zyx } from '../../../shared/volume/zyx.ts'
import type { MaskTarget } from '../mask-service-messages.ts'
import { labelType } from './load-mask.ts'
import type { MaskRecord } from './mask-record.ts'

/** What a mask is written from. */
export interface SavedMask {
  bricks: LabelBricks
  counts: ReadonlyMap<number, number>
  /** Of the volume that it lies on. */
  header: VolumeHeader
  /** Of the volume; not closed here. */
  volume: VoxelSource
  /** What the volume is stored in. */
  format: OpenedVolume['format']
  record: MaskRecord
  /** The file is another one than when the mask was begun, and the user knows it. */
  hasVolumeChanged: boolean
  programVersion: string
}

/**
 * Writes a mask, or some of its labels, on the volume's grid or cropped to them with the right place in the world, and
 * `NAME.provenance.json` beside it.
 * @throws {DomainError} `label_absent`, `file_unwritable`, `dtype_not_supported_by_format`
 */
export async function saveMask(
  mask: SavedMask,
  target: MaskTarget,
): Promise<{ size_bytes: number; warnings: VolumeWarning[] }> {
  const { bricks, header } = mask
  const isWanted = wantedLabels(mask.counts, target.labels)
  const box = target.is_cropped
    ? boxOfLabels(bricks, isWanted)
    : { startZyx: [0, 0, 0] as Zyx, shapeZyx: bricks.shapeZyx }
  if (!box) throw new DomainError('label_absent', { label: target.labels?.join(', ') ?? 'any' })
  const counts = new Map([...mask.counts].filter(([label]) => label !== 0 && isWanted[label] === 1))
  const foreground = [...counts.values()].reduce((sum, count) => sum + count, 0)
  counts.set(0, numVoxels(box.shapeZyx) - foreground)
  const dtype = labelType(counts)
  const voxels = new BrickVoxels(bricks, box, isWanted, dtype, counts)
  const source = target.is_cropped ? croppedHeader(header, box.startZyx, box.shapeZyx) : header
  const warnings = await writeVolumeFile(target.file, { shapeZyx: box.shapeZyx, dtype, kind: 'labels', source }, voxels)
  const facts = {
    ...provenanceOf(mask),
    mask: writtenMask(mask.record, { box, dtype, counts, sha256: voxels.hash() }),
    warnings,
  }
  await writeProvenance(target.file, facts, mask.programVersion)
  return { size_bytes: (await stat(target.file)).size, warnings }
}

function wantedLabels(counts: ReadonlyMap<number, number>, labels: number[] | null): Uint8Array {
  const isWanted = new Uint8Array(65_536).fill(labels ? 0 : 1)
  for (const label of labels ?? []) {
    if (!counts.get(label)) throw new DomainError('label_absent', { label })
    isWanted[label] = 1
  }
  isWanted[0] = 0
  return isWanted
}

/** All labels of a mask on the volume's grid, and their type. */
export function wholeMask({ bricks, counts }: SavedMask): { dtype: 'uint8' | 'uint16'; voxels: BoxReader } {
  const box = { startZyx: [0, 0, 0] as Zyx, shapeZyx: bricks.shapeZyx }
  const dtype = labelType(counts)
  return { dtype, voxels: new BrickVoxels(bricks, box, wantedLabels(counts, null), dtype, counts) }
}

/** Labels of a box as they are written; hashes them from front to back as they go. */
class BrickVoxels implements BoxReader {
  readonly counts: ReadonlyMap<number, number>
  private readonly bricks: LabelBricks
  private readonly box: VoxelBox
  private readonly isWanted: Uint8Array
  private readonly dtype: 'uint8' | 'uint16'

  constructor(
    bricks: LabelBricks,
    box: VoxelBox,
    isWanted: Uint8Array,
    dtype: 'uint8' | 'uint16',
    counts: ReadonlyMap<number, number>,
  ) {
    this.bricks = bricks
    this.box = box
    this.isWanted = isWanted
    this.dtype = dtype
    this.counts = counts
  }

  async readBox(startZyx: Zyx, shapeZyx: Zyx): Promise<Uint8Array | Uint16Array> {
    return this.labels(startZyx, shapeZyx)
  }

  /** SHA-256 of the labels, z, y, x order, little-endian. */
  hash(): string {
    const { shapeZyx } = this.box
    const hash = createHash('sha256')
    for (let z = 0; z < shapeZyx[0]; z++) {
      const labels = this.labels([z, 0, 0], [1, shapeZyx[1], shapeZyx[2]])
      hash.update(new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength))
    }
    return hash.digest('hex')
  }

  private labels(startZyx: Zyx, shapeZyx: Zyx): Uint8Array | Uint16Array {
    const from = startZyx.map((at, axis) => at + this.box.startZyx[axis]) as unknown as Zyx
    const labels = this.bricks.readBox(from, shapeZyx)
    for (let i = 0; i < labels.length; i++) if (this.isWanted[labels[i]] === 0) labels[i] = 0
    return this.dtype === 'uint8' ? Uint8Array.from(labels) : labels
  }
}

/** The smallest box around some labels; null where none occurs. */
export function boxOfLabels(bricks: LabelBricks, isWanted: Uint8Array): VoxelBox | null {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  const high = [-1, -1, -1]
  const take = (voxel: Zyx) => {
    for (let axis = 0; axis < 3; axis++) {
      low[axis] = Math.min(low[axis], voxel[axis])
      high[axis] = Math.max(high[axis], voxel[axis])
    }
  }
  for (let brick = 0; brick < bricks.numBricks; brick++) {
    const only = bricks.onlyLabelOf(brick)
    if (only !== null && isWanted[only] === 0) continue
    const [start, [nz, ny, nx]] = [bricks.startOf(brick), bricks.extentOf(brick)]
    const labels = bricks.readBox(start, [nz, ny, nx])
    for (let row = 0; row < nz * ny; row++) {
      const at = (x: number): Zyx => [start[0] + Math.floor(row / ny), start[1] + (row % ny), start[2] + x]
      let first = 0
      while (first < nx && isWanted[labels[row * nx + first]] === 0) first++
      if (first === nx) continue
      let last = nx - 1
      while (isWanted[labels[row * nx + last]] === 0) last--
      take(at(first))
      take(at(last))
    }
  }
  if (high[0] < 0) return null
  const shape = low.map((at, axis) => high[axis] - at + 1)
  return { startZyx: low as unknown as Zyx, shapeZyx: shape as unknown as Zyx }
}

/** What a mask was made of: the volume, the mask it began with, how it was changed. */
export function provenanceOf({ record, header, format, hasVolumeChanged }: SavedMask) {
  const { volume, origin, operations, num_operations, began_at, changed_at } = record
  return {
    input: {
      filename: volume.name,
      // An image in many files has no size of its own: that of its voxels is said.
      size_bytes:
        format === 'ome-zarr' ? numVoxels(header.shapeZyx) * BYTES_PER_VOXEL[header.dtype] : volume.size_bytes,
      format,
      shape_zyx: header.shapeZyx,
      voxel_size_zyx: header.voxelSizeZyx,
      unit: header.unit,
      mode0: volume.mode0,
      ...(hasVolumeChanged ? { has_changed_since: true } : {}),
    },
    original: { kind: origin.kind, name: origin.name, labels_sha256: origin.labels_sha256 },
    edited: { num_operations, operations, began_at, changed_at },
  }
}

function writtenMask(
  { labels }: MaskRecord,
  written: { box: VoxelBox; dtype: string; counts: ReadonlyMap<number, number>; sha256: string },
) {
  return {
    sha256: written.sha256,
    dtype: written.dtype,
    start_zyx: written.box.startZyx,
    shape_zyx: written.box.shapeZyx,
    labels: labels
      .filter(({ value }) => written.counts.get(value))
      .map(({ value, name, color }) => ({ value, name, color, voxels: written.counts.get(value) })),
  }
}
