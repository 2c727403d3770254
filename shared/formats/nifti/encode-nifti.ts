import { DomainError } from '../../errors/domain-error.ts'
import { BYTES_PER_VOXEL, type DType } from '../../volume/dtype.ts'
import type { LengthUnit, MrcGeometry, NiftiGeometry, OutputVolume, VolumeWarning } from '../../volume/header.ts'
import { reverseTriple } from '../../volume/zyx.ts'
import type { EncodedHeader } from '../parsed-volume.ts'
import {
  isFloat32,
  NIFTI_HEADER_BYTES,
  NIFTI_VOXEL_OFFSET,
  type NiftiFields,
  writeNiftiFields,
} from './nifti-fields.ts'
import { NIFTI_DTYPES, SIZE_UNKNOWN_DESCRIP, UNIT_UNKNOWN_DESCRIP } from './parse-nifti.ts'

/** Longest axis of NIfTI-1. */
const MAX_INT16 = 32767

/** How far float32 rounds a number, as a part of it. */
const FLOAT32_ROUNDING = 2 ** -24

/** NIFTI_INTENT_LABEL: values are indices into a list of labels. @see nifti1.h */
const INTENT_LABEL = 1002

/** NIFTI_XFORM_ALIGNED_ANAT: coordinates of another file; no anatomy is claimed. @see nifti1.h */
const XFORM_ALIGNED = 2

/** How a length is written: code of the unit and what it is divided by. NIfTI has no ångström and no nanometre. */
const WRITTEN_UNITS: Readonly<Record<LengthUnit, { code: number; divisor: number }>> = {
  angstrom: { code: 3, divisor: 1e4 },
  nm: { code: 3, divisor: 1e3 },
  um: { code: 3, divisor: 1 },
  mm: { code: 2, divisor: 1 },
  m: { code: 1, divisor: 1 },
}

/** What places the voxels of a written file, and the `descrip` that goes with it. */
type WrittenPlace = Omit<NiftiGeometry, 'format' | 'version'> & { descrip: string }

/**
 * Little-endian NIfTI header of a volume; the voxels follow at once.
 *
 * NIfTI-1 (352 bytes), or NIfTI-2 (544 bytes) where an axis is longer than 32767 voxels or the words of a NIfTI-2
 * source need its precision. From a NIfTI every word that places voxels is copied; from another format come voxel size
 * and affine, ångström and nanometre as micrometres, LPS as RAS, and warnings say what is lost.
 *
 * @throws {DomainError} `dtype_not_supported_by_format`
 * @see https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h
 */
export function encodeNifti(volume: OutputVolume): EncodedHeader {
  const warnings: VolumeWarning[] = []
  const { source } = volume
  const { geometry } = source
  const place = geometry.format === 'nifti' ? copiedPlace(volume, geometry) : convertedPlace(volume, warnings)
  if (geometry.format === 'mrc') warnOfMrcLoss(volume, geometry, warnings)
  const isLong = volume.shapeZyx.some((size) => size > MAX_INT16)
  const version = isLong || (geometry.format === 'nifti' && needsFloat64(place)) ? 2 : 1
  const fields = { ...voxelFields(volume), ...placeFields(place), ...versionFields(version) }
  return { bytes: writeNiftiFields(fields, version), warnings }
}

function versionFields(version: 1 | 2): NiftiFields {
  return {
    sizeof_hdr: NIFTI_HEADER_BYTES[version],
    vox_offset: NIFTI_VOXEL_OFFSET[version],
    magic: `n+${version}`,
    regular: 'r',
  }
}

function voxelFields({ shapeZyx, dtype, kind, scaling }: OutputVolume): NiftiFields {
  const isScaled = kind === 'scalar' && scaling !== null && scaling !== undefined
  return {
    dim: [3, ...reverseTriple(shapeZyx), 1, 1, 1, 1],
    datatype: datatypeOf(dtype),
    bitpix: BYTES_PER_VOXEL[dtype] * 8,
    intent_code: kind === 'labels' ? INTENT_LABEL : 0,
    scl_slope: isScaled ? scaling.slope : 1,
    scl_inter: isScaled ? scaling.intercept : 0,
  }
}

function datatypeOf(dtype: DType): number {
  const entry = Object.entries(NIFTI_DTYPES).find(([, type]) => type === dtype)
  if (entry === undefined) throw new DomainError('dtype_not_supported_by_format', { format: 'NIfTI', dtype })
  return Number(entry[0])
}

function placeFields(place: WrittenPlace): NiftiFields {
  return {
    pixdim: place.pixdim,
    xyzt_units: place.xyztUnits,
    qform_code: place.qformCode,
    sform_code: place.sformCode,
    quatern_b: place.quaternBcd[0],
    quatern_c: place.quaternBcd[1],
    quatern_d: place.quaternBcd[2],
    qoffset_x: place.qoffsetXyz[0],
    qoffset_y: place.qoffsetXyz[1],
    qoffset_z: place.qoffsetXyz[2],
    srow_x: place.srow[0],
    srow_y: place.srow[1],
    srow_z: place.srow[2],
    descrip: place.descrip,
  }
}

/** What a copy of our own files must repeat for a reader to know as little as before. */
function copiedPlace({ source }: OutputVolume, geometry: NiftiGeometry): WrittenPlace {
  const { descrip } = source.raw
  const isMarked = descrip === SIZE_UNKNOWN_DESCRIP || descrip === UNIT_UNKNOWN_DESCRIP
  return { ...geometry, descrip: isMarked ? descrip : 'CryoMamba' }
}

function needsFloat64({ pixdim, quaternBcd, qoffsetXyz, srow }: WrittenPlace): boolean {
  return ![...pixdim, ...quaternBcd, ...qoffsetXyz, ...srow.flat()].every(isFloat32)
}

function convertedPlace({ source }: OutputVolume, warnings: VolumeWarning[]): WrittenPlace {
  const { code, divisor } = source.unit === null ? { code: 0, divisor: 1 } : WRITTEN_UNITS[source.unit]
  const isFloat32Source = source.geometry.format === 'mrc'
  const written = (value: number) => (isFloat32Source ? decimalOfFloat32(value) : value) / divisor
  const signs = rasSigns(source.geometry)
  // Plus zero: a flipped zero is written as zero.
  const row = (axis: number) =>
    source.affine.slice(4 * axis, 4 * axis + 4).map((value) => signs[axis] * written(value) + 0)
  const sizeXyz = source.voxelSizeZyx === null ? [1, 1, 1] : reverseTriple(source.voxelSizeZyx)
  return {
    pixdim: [1, ...sizeXyz.map(written), 1, 1, 1, 1],
    xyztUnits: source.voxelSizeZyx === null ? 0 : code,
    qformCode: 0,
    sformCode: XFORM_ALIGNED,
    quaternBcd: [0, 0, 0],
    qoffsetXyz: [0, 0, 0],
    srow: [row(0), row(1), row(2)],
    descrip: descripOf(source, warnings),
  }
}

/**
 * The shortest number that a float32 stands for: an MRC of 7 voxels at 0.834 Å says 5.838 / 7 = 0.83399997, and
 * without this its voxel size would come back as 0.8339999 Å. Numbers that need more than 7 digits stay as they are.
 */
function decimalOfFloat32(value: number): number {
  for (let numDigits = 1; numDigits <= 7; numDigits++) {
    const decimal = Number(value.toPrecision(numDigits))
    if (Math.abs(decimal - value) <= FLOAT32_ROUNDING * Math.abs(value)) return decimal
  }
  return value
}

function descripOf({ voxelSizeZyx, unit }: OutputVolume['source'], warnings: VolumeWarning[]): string {
  if (voxelSizeZyx === null) {
    const message = 'The voxel size is unknown; NIfTI has no word for that, so other programs will show 1.'
    warnings.push({ code: 'voxel_size_unknown_written', message })
    return SIZE_UNKNOWN_DESCRIP
  }
  if (unit !== null) return 'CryoMamba'
  const message = 'The unit of the voxel size is unknown; other programs will take it for millimetres.'
  warnings.push({ code: 'unit_unknown_written', message })
  return UNIT_UNKNOWN_DESCRIP
}

/** Signs that turn the world of a source into RAS+. Spaces that name no anatomy keep their directions. */
function rasSigns(geometry: OutputVolume['source']['geometry']): [number, number, number] {
  const space = geometry.format === 'nrrd' ? (geometry.space ?? '').toLowerCase() : ''
  if (/^(lps|left-posterior-superior)/.test(space)) return [-1, -1, 1]
  if (/^(las|left-anterior-superior)/.test(space)) return [-1, 1, 1]
  return [1, 1, 1]
}

function warnOfMrcLoss({ shapeZyx }: OutputVolume, geometry: MrcGeometry, warnings: VolumeWarning[]): void {
  const lost = [
    geometry.nstart.some((start) => start !== 0) && `nstart ${geometry.nstart.join(', ')}`,
    geometry.mxyz.join() !== reverseTriple(shapeZyx).join() && `sampling ${geometry.mxyz.join(' × ')}`,
    geometry.cellAnglesDegree.some((angle) => angle !== 90 && angle !== 0) &&
      `cell angles ${geometry.cellAnglesDegree.join(', ')}°`,
    !['1,2,3', '0,0,0'].includes(geometry.mapcrs.join()) && `axis order ${geometry.mapcrs.join(', ')}`,
  ].filter((word) => word !== false)
  if (lost.length === 0) return
  const message = `NIfTI cannot hold these words of the MRC header: ${lost.join('; ')}. The place of the voxels is kept.`
  warnings.push({ code: 'mrc_words_not_expressible', message })
}
