import { DomainError } from '../../errors/domain-error.ts'
import { BYTES_PER_VOXEL, type DType } from '../../volume/dtype.ts'
import type { LengthUnit, NiftiGeometry, VolumeHeader, VolumeWarning } from '../../volume/header.ts'
import { reverseTriple, type Xyz } from '../../volume/zyx.ts'
import { ByteView } from '../byte-view.ts'
import { checkDataFits, checkedVoxelCount } from '../check-size.ts'
import type { ParsedVolume } from '../parsed-volume.ts'
import { NIFTI_HEADER_BYTES, NIFTI_VOXEL_OFFSET, type NiftiFields, readNiftiFields } from './nifti-fields.ts'
import { niftiAffine, warnOfContradiction } from './nifti-place.ts'

/** `descrip` of files that we wrote from a volume of unknown voxel size: NIfTI itself has no word for it. */
export const SIZE_UNKNOWN_DESCRIP = 'CryoMamba, voxel size unknown'

/** `descrip` of files that we wrote from a volume whose voxel size had no unit. */
export const UNIT_UNKNOWN_DESCRIP = 'CryoMamba, unit unknown'

/** Type of the voxels by `datatype`. @see nifti1.h, NIFTI_TYPE_* */
export const NIFTI_DTYPES: Readonly<Record<number, DType>> = {
  2: 'uint8',
  4: 'int16',
  8: 'int32',
  16: 'float32',
  64: 'float64',
  256: 'int8',
  512: 'uint16',
  768: 'uint32',
  1024: 'int64',
  1280: 'uint64',
}

const REFUSED_DATATYPES: Readonly<Record<number, string>> = {
  1: 'one-bit data',
  32: 'complex data',
  128: 'RGB data',
  1536: '128-bit float data',
  1792: 'complex data',
  2048: 'complex data',
  2304: 'RGBA data',
}

/** Unit of space by the low three bits of `xyzt_units`. @see nifti1.h, NIFTI_UNITS_* */
const UNITS: Readonly<Record<number, LengthUnit>> = { 1: 'm', 2: 'mm', 3: 'um' }

/** True for bytes that begin like a NIfTI-1 or NIfTI-2 file or header, in either byte order. */
export function isNifti(bytes: Uint8Array): boolean {
  const found = findHeader(bytes)
  return found !== null && ['n+', 'ni'].some((kind) => found.magic === `${kind}${found.version}`)
}

/** True for the header half of a pair: the voxels are in an .img file of the same name. */
export function isNiftiPair(bytes: Uint8Array): boolean {
  return isNifti(bytes) && findHeader(bytes)?.magic.startsWith('ni') === true
}

/**
 * Reads a NIfTI-1 or NIfTI-2 header.
 *
 * World positions and voxel size keep the numbers and the unit of the file; the affine is the one nibabel takes.
 * Of more than three axes only the first volume is a volume; the file must be long enough for all of them.
 *
 * @param name        of the file, for messages
 * @param headerBytes the first 540 bytes of the decompressed file, fewer where it ends earlier
 * @param dataBytes   size of the decompressed file that holds the voxels; null where it is not known yet
 * @throws {DomainError} `format_unknown`, `format_truncated`, `format_header_invalid`, `format_unsupported`
 * @see https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h, https://nifti.nimh.nih.gov/pub/dist/doc/nifti2.h
 */
export function parseNifti(name: string, headerBytes: Uint8Array, dataBytes: number | null): ParsedVolume {
  const { view, version } = checkedHeader(name, headerBytes)
  const fields = readNiftiFields(view, version)
  const warnings: VolumeWarning[] = []
  const dtype = dtypeOf(name, fields, warnings)
  const { shapeXyz, numVolumes } = shapeOf(name, fields, warnings)
  const totalVoxels = checkedVoxelCount(name, [...shapeXyz, numVolumes])
  const offsetBytes = dataOffset(name, fields, version, warnings)
  if (dataBytes !== null) checkDataFits(name, offsetBytes, totalVoxels, dtype, dataBytes)
  const geometry = geometryOf(fields, version)
  const header: VolumeHeader = {
    format: 'nifti',
    shapeZyx: reverseTriple(shapeXyz),
    numVolumes,
    dtype,
    ...placeOf(geometry, shapeXyz, String(fields.descrip), warnings),
    scaling: scalingOf(name, fields),
    geometry,
    warnings,
    raw: jsonOf(fields),
  }
  const layout = { offsetBytes, isLittleEndian: view.isLittleEndian, totalVoxels, isPacked4Bit: false }
  return { header, layout: { ...layout, storedAxes: [0, 1, 2] } }
}

/** Byte order and version by `sizeof_hdr`; null where it is neither 348 nor 540 or the bytes end before the magic. */
function findHeader(bytes: Uint8Array): { view: ByteView; version: 1 | 2; magic: string } | null {
  if (bytes.length < 8) return null
  for (const isLittleEndian of [true, false]) {
    const view = new ByteView(bytes, isLittleEndian)
    const headerBytes = view.int32(0)
    if (headerBytes === NIFTI_HEADER_BYTES[2]) return { view, version: 2, magic: view.text(4, 4) }
    if (headerBytes === NIFTI_HEADER_BYTES[1])
      return { view, version: 1, magic: view.text(344, Math.max(0, Math.min(4, bytes.length - 344))) }
  }
  return null
}

function checkedHeader(name: string, bytes: Uint8Array): { view: ByteView; version: 1 | 2 } {
  const found = findHeader(bytes)
  if (found === null) throw new DomainError('format_unknown', { name })
  const expectedBytes = NIFTI_HEADER_BYTES[found.version]
  if (bytes.length < expectedBytes) {
    throw new DomainError('format_truncated', { name, foundBytes: bytes.length, expectedBytes })
  }
  if (isNifti(bytes)) return found
  if (found.version === 1 && found.magic === '') {
    throw new DomainError('format_unsupported', { name, kind: 'ANALYZE 7.5 data without orientation' })
  }
  throw new DomainError('format_header_invalid', { name, reason: `the magic is "${found.magic}"` })
}

function dtypeOf(name: string, fields: NiftiFields, warnings: VolumeWarning[]): DType {
  const code = fields.datatype as number
  const dtype = NIFTI_DTYPES[code]
  if (dtype === undefined) {
    throw new DomainError('format_unsupported', {
      name,
      kind: REFUSED_DATATYPES[code] ?? `data of the unknown type ${code}`,
    })
  }
  if (fields.bitpix !== BYTES_PER_VOXEL[dtype] * 8) {
    const message = `bitpix is ${fields.bitpix} but the type of the voxels is ${dtype}; the type is believed.`
    warnings.push({ code: 'bitpix_mismatch', message })
  }
  return dtype
}

/** Axes beyond `dim[0]` have one voxel; so have axes 4 to 7 that say 0, as the NIfTI library reads them. */
function shapeOf(name: string, fields: NiftiFields, warnings: VolumeWarning[]) {
  const dim = fields.dim as number[]
  const numAxes = dim[0]
  if (!(numAxes >= 1 && numAxes <= 7)) {
    throw new DomainError('format_header_invalid', { name, reason: `it has ${numAxes} axes` })
  }
  const sizes = [1, 2, 3, 4, 5, 6, 7].map((axis) => (axis <= numAxes ? dim[axis] : 1))
  const shapeXyz: [number, number, number] = [sizes[0], sizes[1], sizes[2]]
  const numVolumes = checkedVoxelCount(
    name,
    sizes.slice(3).map((size) => (size === 0 ? 1 : size)),
  )
  if (numVolumes > 1) {
    warnings.push({
      code: 'first_volume_only',
      message: `The file holds ${numVolumes} volumes; the first one is read.`,
    })
  }
  return { shapeXyz, numVolumes }
}

/** Byte of the first voxel. In a single file 0 means "right after the header"; in a pair it is byte 0 of the .img. */
function dataOffset(name: string, fields: NiftiFields, version: 1 | 2, warnings: VolumeWarning[]): number {
  const offset = fields.vox_offset as number
  const isPair = String(fields.magic).startsWith('ni')
  if (!isPair && offset === 0) {
    const assumed = NIFTI_VOXEL_OFFSET[version]
    warnings.push({ code: 'vox_offset_assumed', message: `vox_offset is 0; the voxels are read from byte ${assumed}.` })
    return assumed
  }
  if (!Number.isSafeInteger(offset) || offset < (isPair ? 0 : NIFTI_HEADER_BYTES[version])) {
    throw new DomainError('format_header_invalid', { name, reason: `the voxels begin at byte ${offset}` })
  }
  return offset
}

/** @see nibabel/nifti1.py get_slope_inter */
function scalingOf(name: string, fields: NiftiFields): VolumeHeader['scaling'] {
  const slope = fields.scl_slope as number
  const intercept = fields.scl_inter as number
  if (slope === 0 || !Number.isFinite(slope)) return null
  if (!Number.isFinite(intercept)) {
    throw new DomainError('format_header_invalid', { name, reason: `scl_slope is ${slope} but scl_inter ${intercept}` })
  }
  return slope === 1 && intercept === 0 ? null : { slope, intercept }
}

function geometryOf(fields: NiftiFields, version: 1 | 2): NiftiGeometry {
  const number = (name: string) => fields[name] as number
  return {
    format: 'nifti',
    version,
    pixdim: fields.pixdim as number[],
    qformCode: number('qform_code'),
    sformCode: number('sform_code'),
    quaternBcd: [number('quatern_b'), number('quatern_c'), number('quatern_d')],
    qoffsetXyz: [number('qoffset_x'), number('qoffset_y'), number('qoffset_z')],
    srow: [fields.srow_x as number[], fields.srow_y as number[], fields.srow_z as number[]],
    xyztUnits: number('xyzt_units'),
  }
}

function placeOf(
  geometry: NiftiGeometry,
  shapeXyz: Xyz,
  descrip: string,
  warnings: VolumeWarning[],
): Pick<VolumeHeader, 'voxelSizeZyx' | 'unit' | 'affine'> {
  const sizeXyz = descrip === SIZE_UNKNOWN_DESCRIP ? null : pixdimSize(geometry)
  if (sizeXyz === null) {
    warnings.push({ code: 'voxel_size_unknown', message: 'The header gives no usable voxel size.' })
  }
  const affine = niftiAffine(geometry, shapeXyz, sizeXyz ?? usableSize(geometry), warnings)
  if (sizeXyz !== null) warnOfContradiction(affine, sizeXyz, warnings)
  const hasWorld = sizeXyz !== null || (geometry.sformCode > 0 && descrip !== SIZE_UNKNOWN_DESCRIP)
  const unit = hasWorld && descrip !== UNIT_UNKNOWN_DESCRIP ? unitOf(geometry, warnings) : null
  return { voxelSizeZyx: sizeXyz && reverseTriple(sizeXyz), unit, affine }
}

/** Size of pixdim[1…3]; null where one of them is not above zero and finite. */
function pixdimSize({ pixdim }: NiftiGeometry): [number, number, number] | null {
  const sizes = pixdim.slice(1, 4)
  return sizes.every((size) => size > 0 && size < Number.POSITIVE_INFINITY) ? [sizes[0], sizes[1], sizes[2]] : null
}

/** Sizes for the affine where there is no voxel size: as nibabel repairs them, 1 for what is not usable. */
function usableSize({ pixdim }: NiftiGeometry): [number, number, number] {
  const usable = (size: number) => (size !== 0 && Number.isFinite(size) ? Math.abs(size) : 1)
  return [usable(pixdim[1]), usable(pixdim[2]), usable(pixdim[3])]
}

function unitOf({ xyztUnits }: NiftiGeometry, warnings: VolumeWarning[]): LengthUnit {
  const unit = UNITS[xyztUnits & 7]
  if (unit !== undefined) return unit
  warnings.push({ code: 'unit_assumed_mm', message: 'The header names no unit of length; millimetres are assumed.' })
  return 'mm'
}

/** The fields as JSON can hold them: numbers that are not finite become text. */
function jsonOf(fields: NiftiFields): Record<string, unknown> {
  const json = (value: number | string) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, Array.isArray(value) ? value.map(json) : json(value)]),
  )
}
