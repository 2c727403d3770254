import { DomainError } from '../../errors/domain-error.ts'
import type { DType } from '../../volume/dtype.ts'
import type {
  MrcGeometry,
  NiftiGeometry,
  NrrdGeometry,
  OutputVolume,
  VolumeHeader,
  VolumeWarning,
} from '../../volume/header.ts'
import { reverseTriple, type Zyx } from '../../volume/zyx.ts'
import type { EncodedHeader } from '../parsed-volume.ts'
import { utf8 } from '../utf8.ts'

/** Names of the types in the format. */
const TYPE_NAMES: Readonly<Partial<Record<DType, string>>> = {
  int8: 'int8',
  uint8: 'uint8',
  int16: 'int16',
  uint16: 'uint16',
  int32: 'int32',
  uint32: 'uint32',
  int64: 'int64',
  uint64: 'uint64',
  float32: 'float',
  float64: 'double',
}

/**
 * Header of an NRRD file with attached voxels, which follow as gzip of little-endian numbers.
 *
 * The geometry of an NRRD source is copied as stored; other sources give directions and origin from their affine,
 * with every number printed so that it reads back to the same double.
 *
 * @returns the header with its closing empty line, and warnings that name what is lost
 * @throws {DomainError} `dtype_not_supported_by_format` for half floats
 * @see https://teem.sourceforge.net/nrrd/format.html
 */
export function encodeNrrd(volume: OutputVolume): EncodedHeader {
  const { dtype, source, shapeZyx } = volume
  const type = TYPE_NAMES[dtype]
  if (type === undefined) throw new DomainError('dtype_not_supported_by_format', { format: 'NRRD', dtype })
  const warnings: VolumeWarning[] = []
  const { geometry } = source
  const numAxes = geometry.format === 'nrrd' ? axesOf(geometry, shapeZyx) : 3
  const place = geometry.format === 'nrrd' ? copied(source, geometry, numAxes) : converted(source, warnings)
  if (volume.scaling) warnings.push(scalingLost(volume.scaling))
  const sizes = reverseTriple([...shapeZyx]).slice(0, numAxes)
  const lines = [
    'NRRD0004',
    '# Written by CryoMamba',
    '# https://teem.sourceforge.net/nrrd/format.html',
    `type: ${type}`,
    `dimension: ${numAxes}`,
    ...place.filter((line) => line.startsWith('space: ') || line.startsWith('space dimension: ')),
    `sizes: ${sizes.join(' ')}`,
    ...place.filter((line) => !line.startsWith('space: ') && !line.startsWith('space dimension: ')),
    'endian: little',
    'encoding: gzip',
  ]
  return { bytes: utf8(`${lines.join('\n')}\n\n`), warnings }
}

/** Axes that the source stores: a plane stays a plane. Never fewer than the shape needs. */
function axesOf({ spaceDirections, spacings }: NrrdGeometry, [z, y]: Zyx): number {
  const needed = z > 1 ? 3 : y > 1 ? 2 : 1
  const stored = Math.max(spaceDirections?.length ?? 0, spacings?.length ?? 0)
  return stored === 0 ? 3 : Math.min(3, Math.max(needed, stored))
}

/** Lines that place the voxels, as the source has them. */
function copied(source: VolumeHeader, geometry: NrrdGeometry, numAxes: number): string[] {
  const { space, spaceDimension, spaceUnits, spaceDirections, spaceOrigin, spacings } = geometry
  const axes = Array.from({ length: numAxes }, (_, axis) => axis)
  const kinds = axes.map((axis) => (spaceDirections !== null && !spaceDirections[axis] ? 'list' : 'domain'))
  return [
    ...spaceLine(space, spaceDimension),
    ...(spaceDirections ? [directionsLine(axes.map((axis) => spaceDirections[axis] ?? null))] : []),
    ...(spacings ? [`spacings: ${axes.map((axis) => printed(spacings[axis] ?? Number.NaN)).join(' ')}`] : []),
    `kinds: ${kinds.join(' ')}`,
    ...unitsLine(source, numAxes),
    ...(spaceUnits ? [`space units: ${spaceUnits.map(quoted).join(' ')}`] : []),
    ...(spaceOrigin ? [`space origin: ${vector(spaceOrigin)}`] : []),
  ]
}

function spaceLine(space: string | null, dimension: number | null): string[] {
  if (space !== null) return [`space: ${space}`]
  return dimension === null ? [] : [`space dimension: ${dimension}`]
}

/** `units` of a file whose axes are not in a space: as stored where the axes are the same, else the unit's name. */
function unitsLine({ raw, unit, geometry }: VolumeHeader, numAxes: number): string[] {
  const isSame = raw.dimension === String(numAxes)
  if (typeof raw.units === 'string' && isSame) return [`units: ${raw.units}`]
  const hasSpaceUnits = geometry.format === 'nrrd' && geometry.spaceUnits !== null
  if (typeof raw.units !== 'string' || unit === null || hasSpaceUnits) return []
  return [`units: ${Array.from({ length: numAxes }, () => quoted(unit)).join(' ')}`]
}

/** Lines that place the voxels of an MRC or NIfTI source: directions and origin of its affine. */
function converted(source: VolumeHeader, warnings: VolumeWarning[]): string[] {
  const isNifti = source.geometry.format === 'nifti'
  const space = spaceLine(isNifti ? 'right-anterior-superior' : null, 3)
  const kinds = 'kinds: domain domain domain'
  warnings.push(...geometryLost(source))
  if (source.voxelSizeZyx === null) {
    warnings.push({ code: 'voxel_size_unknown', message: 'The voxel size is unknown; the file gives none.' })
    return [kinds]
  }
  const { affine, unit } = source
  const directions = [0, 1, 2].map((axis) => [affine[axis], affine[axis + 4], affine[axis + 8]])
  return [
    ...space,
    directionsLine(directions),
    kinds,
    ...(unit === null ? [] : [`space units: ${[unit, unit, unit].map(quoted).join(' ')}`]),
    `space origin: ${vector([affine[3], affine[7], affine[11]])}`,
  ]
}

/** One warning that lists the words of the source's header for which NRRD has no field. */
function geometryLost({ geometry }: VolumeHeader): VolumeWarning[] {
  const lost =
    geometry.format === 'mrc' ? lostOfMrc(geometry) : geometry.format === 'nifti' ? lostOfNifti(geometry) : []
  if (lost.length === 0) return []
  return [{ code: 'geometry_not_expressible', message: `NRRD has no place for ${lost.join(', ')}.` }]
}

function lostOfMrc(geometry: MrcGeometry): string[] {
  const { nstart, mxyz, cellAnglesDegree, mapcrs, storedShapeXyz, spaceGroup } = geometry
  const lost: string[] = []
  if (nstart.some((start) => start !== 0)) lost.push(`nstart ${nstart.join(' ')}`)
  if (mxyz.some((sampling, axis) => sampling !== storedShapeXyz[axis])) lost.push(`sampling ${mxyz.join(' ')}`)
  if (cellAnglesDegree.some((angle) => angle !== 90)) lost.push(`cell angles ${cellAnglesDegree.join(' ')}`)
  if (mapcrs.some((axis, index) => axis !== index + 1)) lost.push(`axis order ${mapcrs.join(' ')}`)
  if (spaceGroup > 1) lost.push(`space group ${spaceGroup}`)
  return lost
}

function lostOfNifti({ qformCode, sformCode }: NiftiGeometry): string[] {
  const lost: string[] = []
  if (sformCode > 0) lost.push(`sform code ${sformCode}`)
  if (qformCode > 0) lost.push(sformCode > 0 ? `qform (code ${qformCode})` : `qform code ${qformCode}`)
  return lost
}

function scalingLost({ slope, intercept }: { slope: number; intercept: number }): VolumeWarning {
  const message = `NRRD has no scaling: values stay as stored; value = stored · ${slope} + ${intercept}.`
  return { code: 'scaling_not_expressible', message }
}

function directionsLine(directions: (readonly number[] | null)[]): string {
  return `space directions: ${directions.map((direction) => (direction ? vector(direction) : 'none')).join(' ')}`
}

function vector(numbers: readonly number[]): string {
  return `(${numbers.map(printed).join(',')})`
}

/** Shortest text that reads back to the same double. */
function printed(number: number): string {
  if (Number.isFinite(number)) return Object.is(number, -0) ? '-0' : String(number)
  return Number.isNaN(number) ? 'nan' : number > 0 ? 'inf' : '-inf'
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}
