import { asciiBytes, type ByteView } from '../byte-view.ts'

/** How a field lies in a header: stored kind, byte of its start, how many of them (for text: bytes). */
type Place = readonly [kind: 'u8' | 'i16' | 'i32' | 'i64' | 'f32' | 'f64' | 'text', offset: number, count?: number]

/** Fields of a header by the names of the specification. */
export type NiftiFields = Record<string, number | number[] | string>

/** Bytes of a header without the four that announce extensions. */
export const NIFTI_HEADER_BYTES = { 1: 348, 2: 540 } as const

/** Bytes of a header with the four that announce extensions: where the voxels begin in a file without any. */
export const NIFTI_VOXEL_OFFSET = { 1: 352, 2: 544 } as const

/** Where the fields of a NIfTI-1 header lie. @see https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h */
const NIFTI1_FIELDS: Readonly<Record<string, Place>> = {
  sizeof_hdr: ['i32', 0],
  data_type: ['text', 4, 10],
  db_name: ['text', 14, 18],
  extents: ['i32', 32],
  session_error: ['i16', 36],
  regular: ['text', 38, 1],
  dim_info: ['u8', 39],
  dim: ['i16', 40, 8],
  intent_p1: ['f32', 56],
  intent_p2: ['f32', 60],
  intent_p3: ['f32', 64],
  intent_code: ['i16', 68],
  datatype: ['i16', 70],
  bitpix: ['i16', 72],
  slice_start: ['i16', 74],
  pixdim: ['f32', 76, 8],
  vox_offset: ['f32', 108],
  scl_slope: ['f32', 112],
  scl_inter: ['f32', 116],
  slice_end: ['i16', 120],
  slice_code: ['u8', 122],
  xyzt_units: ['u8', 123],
  cal_max: ['f32', 124],
  cal_min: ['f32', 128],
  slice_duration: ['f32', 132],
  toffset: ['f32', 136],
  glmax: ['i32', 140],
  glmin: ['i32', 144],
  descrip: ['text', 148, 80],
  aux_file: ['text', 228, 24],
  qform_code: ['i16', 252],
  sform_code: ['i16', 254],
  quatern_b: ['f32', 256],
  quatern_c: ['f32', 260],
  quatern_d: ['f32', 264],
  qoffset_x: ['f32', 268],
  qoffset_y: ['f32', 272],
  qoffset_z: ['f32', 276],
  srow_x: ['f32', 280, 4],
  srow_y: ['f32', 296, 4],
  srow_z: ['f32', 312, 4],
  intent_name: ['text', 328, 16],
  magic: ['text', 344, 4],
}

/** Where the fields of a NIfTI-2 header lie. @see https://nifti.nimh.nih.gov/pub/dist/doc/nifti2.h */
const NIFTI2_FIELDS: Readonly<Record<string, Place>> = {
  sizeof_hdr: ['i32', 0],
  magic: ['text', 4, 4],
  datatype: ['i16', 12],
  bitpix: ['i16', 14],
  dim: ['i64', 16, 8],
  intent_p1: ['f64', 80],
  intent_p2: ['f64', 88],
  intent_p3: ['f64', 96],
  pixdim: ['f64', 104, 8],
  vox_offset: ['i64', 168],
  scl_slope: ['f64', 176],
  scl_inter: ['f64', 184],
  cal_max: ['f64', 192],
  cal_min: ['f64', 200],
  slice_duration: ['f64', 208],
  toffset: ['f64', 216],
  slice_start: ['i64', 224],
  slice_end: ['i64', 232],
  descrip: ['text', 240, 80],
  aux_file: ['text', 320, 24],
  qform_code: ['i32', 344],
  sform_code: ['i32', 348],
  quatern_b: ['f64', 352],
  quatern_c: ['f64', 360],
  quatern_d: ['f64', 368],
  qoffset_x: ['f64', 376],
  qoffset_y: ['f64', 384],
  qoffset_z: ['f64', 392],
  srow_x: ['f64', 400, 4],
  srow_y: ['f64', 432, 4],
  srow_z: ['f64', 464, 4],
  slice_code: ['i32', 496],
  xyzt_units: ['i32', 500],
  intent_code: ['i32', 504],
  intent_name: ['text', 508, 16],
  dim_info: ['u8', 524],
}

/** Ends of line that show whether a NIfTI-2 file was changed on its way (as in PNG). */
const EOL_CHECK = [0x0d, 0x0a, 0x1a, 0x0a]

const BYTES = { u8: 1, i16: 2, i32: 4, i64: 8, f32: 4, f64: 8 } as const

const fieldsOf = (version: 1 | 2) => (version === 1 ? NIFTI1_FIELDS : NIFTI2_FIELDS)

/**
 * All fields of a header.
 * @param view at least `NIFTI_HEADER_BYTES[version]` long
 */
export function readNiftiFields(view: ByteView, version: 1 | 2): NiftiFields {
  const fields: NiftiFields = {}
  for (const [name, place] of Object.entries(fieldsOf(version))) fields[name] = readField(view, place)
  return fields
}

/**
 * Little-endian header with the four bytes that announce no extensions: the voxels follow at once.
 * Fields that are not given are zero; numbers lose the digits that their field does not hold.
 */
export function writeNiftiFields(fields: NiftiFields, version: 1 | 2): Uint8Array {
  const bytes = new Uint8Array(NIFTI_VOXEL_OFFSET[version])
  for (const [name, place] of Object.entries(fieldsOf(version))) {
    if (fields[name] !== undefined) writeField(bytes, place, fields[name])
  }
  if (version === 2) bytes.set(EOL_CHECK, 8)
  return bytes
}

/** A number of a field as NIfTI-1 holds it: float32. */
export function isFloat32(value: number): boolean {
  return Object.is(Math.fround(value), value)
}

function readField(view: ByteView, [kind, offset, count]: Place): number | number[] | string {
  if (kind === 'text') return view.text(offset, count ?? 1)
  if (count === undefined) return readNumber(view, kind, offset)
  return Array.from({ length: count }, (_, i) => readNumber(view, kind, offset + i * BYTES[kind]))
}

function readNumber(view: ByteView, kind: keyof typeof BYTES, offset: number): number {
  switch (kind) {
    case 'u8':
      return view.bytes[offset]
    case 'i16':
      return view.int16(offset)
    case 'i32':
      return view.int32(offset)
    case 'i64':
      return view.int64(offset)
    case 'f32':
      return view.float32(offset)
    case 'f64':
      return view.float64(offset)
  }
}

function writeField(bytes: Uint8Array, [kind, offset, count]: Place, value: number | number[] | string): void {
  if (kind === 'text') {
    bytes.set(asciiBytes(String(value)).subarray(0, count), offset)
    return
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const numbers = Array.isArray(value) ? value.slice(0, count ?? 1) : [Number(value)]
  for (const [i, number] of numbers.entries()) writeNumber(view, kind, offset + i * BYTES[kind], number)
}

function writeNumber(view: DataView, kind: keyof typeof BYTES, offset: number, value: number): void {
  switch (kind) {
    case 'u8':
      return view.setUint8(offset, value)
    case 'i16':
      return view.setInt16(offset, value, true)
    case 'i32':
      return view.setInt32(offset, value, true)
    case 'i64':
      return view.setBigInt64(offset, BigInt(value), true)
    case 'f32':
      return view.setFloat32(offset, value, true)
    case 'f64':
      return view.setFloat64(offset, value, true)
  }
}
