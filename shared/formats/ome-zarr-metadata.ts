import { parseColor } from '../mask/label-colors.ts'
import type { DType } from '../volume/dtype.ts'
import type { LengthUnit, VolumeHeader, VolumeWarning } from '../volume/header.ts'
import type { Zyx } from '../volume/zyx.ts'

/** A label as a picture of labels names it. */
export interface ZarrLabel {
  value: number
  name: string
  color: string
}

/** What the metadata of a written OME-Zarr image are made of. */
export interface ZarrImage {
  /** Of the picture, for people. */
  name: string
  shapeZyx: Zyx
  dtype: DType
  source: Pick<VolumeHeader, 'voxelSizeZyx' | 'unit' | 'affine'>
  /** How many times coarser each level is, 1 first. */
  bins: readonly number[]
  /** Null for a picture of grey values. */
  labels: readonly ZarrLabel[] | null
}

const UNITS: Readonly<Record<LengthUnit, string>> = {
  angstrom: 'angstrom',
  nm: 'nanometer',
  um: 'micrometer',
  mm: 'millimeter',
  m: 'meter',
}

/**
 * Attributes of an OME-Zarr 0.4 group with one multiscale image, axes z, y, x; a label image with names and colours.
 * Every level begins with the volume's first voxel, so that all have one translation.
 * @see https://ngff.openmicroscopy.org/0.4/#multiscale-md and #label-md
 */
export function omeZarrAttributes(image: ZarrImage): {
  attributes: Record<string, unknown>
  warnings: VolumeWarning[]
} {
  const { voxelSizeZyx: size, unit, affine } = image.source
  const isUpright = size !== null && isDiagonal(affine)
  const translation = [affine[11], affine[7], affine[3]]
  const axes = ['z', 'y', 'x'].map((name) => ({ name, type: 'space', ...(size && unit ? { unit: UNITS[unit] } : {}) }))
  const datasets = image.bins.map((bin, level) => ({
    path: String(level),
    coordinateTransformations: [
      { type: 'scale', scale: (size ?? [1, 1, 1]).map((length) => length * bin) },
      ...(isUpright ? [{ type: 'translation', translation }] : []),
    ],
  }))
  const multiscales = [
    { version: '0.4', name: image.name, axes, datasets, ...(image.bins.length > 1 ? { type: 'nearest' } : {}) },
  ]
  return {
    attributes: { multiscales, ...(image.labels ? { 'image-label': imageLabel(image.labels) } : {}) },
    warnings: warningsOf(size, unit, isUpright),
  }
}

/** Metadata of one level's array on Zarr 2. Chunks that are not there hold zeros. */
export function zarrArray(shapeZyx: Zyx, chunkZyx: Zyx, dtype: DType): Record<string, unknown> {
  return {
    zarr_format: 2,
    shape: shapeZyx,
    chunks: chunkZyx,
    dtype: zarrType(dtype),
    compressor: { id: 'zlib', level: 1 },
    fill_value: 0,
    order: 'C',
    filters: null,
    dimension_separator: '/',
  }
}

function zarrType(dtype: DType): string {
  const kind = dtype.startsWith('float') ? 'f' : dtype.startsWith('u') ? 'u' : 'i'
  const bytes = Number(dtype.replace(/\D/g, '')) / 8
  return `${bytes === 1 ? '|' : '<'}${kind}${bytes}`
}

function imageLabel(labels: readonly ZarrLabel[]) {
  return {
    version: '0.4',
    colors: labels.map(({ value, color }) => ({ 'label-value': value, rgba: [...parseColor(color), 255] })),
    properties: labels.map(({ value, name }) => ({ 'label-value': value, name })),
  }
}

/** Axes of the voxels run along those of the world, in its directions. */
function isDiagonal(affine: VolumeHeader['affine']): boolean {
  const largest = Math.max(affine[0], affine[5], affine[10])
  const isStraight = [1, 2, 4, 6, 8, 9].every((at) => Math.abs(affine[at]) <= 1e-6 * largest)
  return isStraight && affine[0] > 0 && affine[5] > 0 && affine[10] > 0
}

function warningsOf(size: Zyx | null, unit: LengthUnit | null, isUpright: boolean): VolumeWarning[] {
  if (!size) {
    const message = 'The voxel size is unknown; OME-Zarr wants one, and gets 1 without a unit.'
    return [{ code: 'voxel_size_unknown_written', message }]
  }
  const warnings: VolumeWarning[] = []
  if (!unit)
    warnings.push({ code: 'unit_unknown_written', message: 'The unit of the voxel size is unknown; none is written.' })
  if (!isUpright) {
    const message =
      'OME-Zarr has no place for turned or mirrored axes: the voxel size is kept, the place in the world is not.'
    warnings.push({ code: 'orientation_not_expressible', message })
  }
  return warnings
}
