import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { hasSharedData, SHARED_DATA } from '../../../build/test-support/shared-data.ts'
import { DomainError } from '../../errors/domain-error.ts'
import { ByteView } from '../byte-view.ts'
import { type NiftiFields, writeNiftiFields } from './nifti-fields.ts'
import { isNifti, isNiftiPair, parseNifti } from './parse-nifti.ts'

const FORMATS = path.join(SHARED_DATA, 'formats')

interface Reference {
  expected: string
  affine: number[][]
  shape_xyz: number[]
  dtype: unknown
  voxels: { xyz: number[]; raw: number | 'nan'; scaled?: number }[]
}

const ENTRIES: { file: string; kind: string; reference: Reference }[] = hasSharedData
  ? JSON.parse(readFileSync(path.join(FORMATS, 'manifest.json'), 'utf8')).entries
  : []
const NIFTI = ENTRIES.filter(({ kind, file }) => kind.startsWith('nifti') && !/\.img(\.gz)?$/.test(file))

const NUMPY: Record<string, string> = { u1: 'uint8', i2: 'int16', f4: 'float32' }

function unpacked(file: string): Uint8Array {
  const bytes = readFileSync(path.join(FORMATS, file))
  return new Uint8Array(file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
}

function voxelsOf(file: string, bytes: Uint8Array): Uint8Array | null {
  const imageFile = file.replace('.hdr', '.img')
  if (!isNiftiPair(bytes)) return bytes
  return existsSync(path.join(FORMATS, imageFile)) ? unpacked(imageFile) : null
}

function voxelAt(data: Uint8Array, offset: number, dtype: string, isLittleEndian: boolean): number {
  const view = new ByteView(data, isLittleEndian)
  if (dtype === 'uint8') return data[offset]
  return dtype === 'int16' ? view.int16(offset) : view.float32(offset)
}

/** A NIfTI header whose fields a test changes one by one. */
function headerBytes(changes: NiftiFields = {}, version: 1 | 2 = 1): Uint8Array {
  const plain: NiftiFields = {
    sizeof_hdr: version === 1 ? 348 : 540,
    magic: `n+${version}`,
    dim: [3, 7, 5, 3, 1, 1, 1, 1],
    pixdim: [1, 2, 3, 4, 1, 1, 1, 1],
    datatype: 4,
    bitpix: 16,
    vox_offset: version === 1 ? 352 : 544,
    scl_slope: 1,
    xyzt_units: 2,
    sform_code: 1,
    srow_x: [2, 0, 0, 10],
    srow_y: [0, 3, 0, 20],
    srow_z: [0, 0, 4, 30],
  }
  return writeNiftiFields({ ...plain, ...changes }, version)
}

const PLAIN_BYTES = 352 + 7 * 5 * 3 * 2

function parsed(changes: NiftiFields = {}) {
  return parseNifti('a.nii', headerBytes(changes), null)
}

function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof DomainError) return error.code
    throw error
  }
  return 'ok'
}

const warningsOf = (changes: NiftiFields) => parsed(changes).header.warnings.map(({ code }) => code)

describe.skipIf(!hasSharedData)('real NIfTI files', () => {
  it('are all there', () => expect(NIFTI.length).toBe(52))

  it.each(NIFTI.map((entry) => [entry.file, entry.reference] as const))('%s reads as nibabel reads it', (file, ref) => {
    const bytes = unpacked(file)
    const header = bytes.subarray(0, 540)
    if (ref.expected === 'error') {
      const data = isNifti(header) ? voxelsOf(file, bytes) : header
      expect(codeOf(() => parseNifti(file, header, data?.length ?? 0))).not.toBe('ok')
      return
    }
    expect(isNifti(header)).toBe(true)
    const data = voxelsOf(file, bytes) as Uint8Array
    const dtype = NUMPY[String(ref.dtype).slice(1)]
    if (dtype === undefined) {
      expect(codeOf(() => parseNifti(file, header, data.length))).toBe('format_unsupported')
      return
    }
    const { header: volume, layout } = parseNifti(file, header, data.length)
    const [x, y, z, ...more] = ref.shape_xyz
    expect(volume.shapeZyx).toEqual([z, y, x])
    expect(volume.numVolumes).toBe(more.reduce((product, size) => product * size, 1))
    expect(volume.dtype).toBe(dtype)
    for (const [i, value] of ref.affine.flat().entries()) expect(volume.affine[i]).toBeCloseTo(value, 4)
    const bytesPerVoxel = { uint8: 1, int16: 2, float32: 4 }[dtype] as number
    for (const voxel of ref.voxels) {
      const index = voxel.xyz.reduceRight((sum, position, axis) => sum * ref.shape_xyz[axis] + position, 0)
      const raw = voxelAt(data, layout.offsetBytes + index * bytesPerVoxel, dtype, layout.isLittleEndian)
      expect(raw).toBe(Number(voxel.raw))
      if (voxel.scaled === undefined) expect(volume.scaling).toBeNull()
      else expect(raw * volume.scaling!.slope + volume.scaling!.intercept).toBeCloseTo(voxel.scaled, 3)
    }
  })
})

describe('parseNifti', () => {
  it('reads size, place and type of a plain header', () => {
    const { header, layout } = parseNifti('a.nii', headerBytes(), PLAIN_BYTES)
    expect(header).toMatchObject({ shapeZyx: [3, 5, 7], numVolumes: 1, dtype: 'int16', unit: 'mm', warnings: [] })
    expect(header.voxelSizeZyx).toEqual([4, 3, 2])
    expect(header.affine).toEqual([2, 0, 0, 10, 0, 3, 0, 20, 0, 0, 4, 30, 0, 0, 0, 1])
    expect(layout).toMatchObject({ offsetBytes: 352, isLittleEndian: true, totalVoxels: 105, storedAxes: [0, 1, 2] })
  })

  it('reads NIfTI-2 with double precision', () => {
    const header = headerBytes({ pixdim: [1, 0.1, 0.2, 0.3, 1, 1, 1, 1], srow_x: [0.1, 0, 0, 1e-9] }, 2)
    const { header: volume, layout } = parseNifti('a.nii', header, null)
    expect(volume.voxelSizeZyx).toEqual([0.3, 0.2, 0.1])
    expect(volume.affine[3]).toBe(1e-9)
    expect(layout.offsetBytes).toBe(544)
  })

  it.each([
    [1, 'm'],
    [2, 'mm'],
    [3, 'um'],
    [10, 'mm'],
  ])('takes the unit of xyzt_units %i as %s', (xyztUnits, unit) => {
    expect(parsed({ xyzt_units: xyztUnits }).header.unit).toBe(unit)
  })

  it('assumes millimetres aloud where the header names no unit', () => {
    expect(parsed({ xyzt_units: 0 }).header.unit).toBe('mm')
    expect(warningsOf({ xyzt_units: 0 })).toEqual(['unit_assumed_mm'])
  })

  it.each([0, -2, Number.NaN, Number.POSITIVE_INFINITY])('knows no voxel size where pixdim is %d', (size) => {
    const pixdim = [1, 2, size, 4, 1, 1, 1, 1]
    expect(parsed({ pixdim }).header.voxelSizeZyx).toBeNull()
    expect(warningsOf({ pixdim })).toEqual(['voxel_size_unknown'])
  })

  it('has no unit where neither voxel size nor sform is usable', () => {
    const { header } = parsed({ pixdim: [1, 0, 0, 0, 1, 1, 1, 1], sform_code: 0 })
    expect(header).toMatchObject({ voxelSizeZyx: null, unit: null })
    expect(header.affine.slice(0, 4)).toEqual([-1, 0, 0, 3])
  })

  it('falls back to the qform, then to the base affine, where a transform is not usable', () => {
    const broken = { srow_x: [Number.NaN, 0, 0, 0], qform_code: 1, qoffset_x: -5 }
    expect(parsed(broken).header.affine.slice(0, 4)).toEqual([2, 0, 0, -5])
    expect(warningsOf(broken)).toEqual(['sform_unusable'])
    const both = { ...broken, quatern_b: Number.NaN }
    expect(parsed(both).header.affine).toEqual([-2, 0, 0, 6, 0, 3, 0, -6, 0, 0, 4, -4, 0, 0, 0, 1])
    expect(warningsOf(both)).toEqual(['sform_unusable', 'qform_unusable'])
  })

  it('warns where voxel size and affine contradict each other', () => {
    expect(warningsOf({ srow_x: [20, 0, 0, 10] })).toEqual(['voxel_size_contradicts_affine'])
  })

  it.each([
    [0, 5, null],
    [Number.NaN, 5, null],
    [1, 0, null],
    [1, 1, { slope: 1, intercept: 1 }],
    [2, 0, { slope: 2, intercept: 0 }],
  ])('scales by slope %d and intercept %d as nibabel does', (slope, intercept, scaling) => {
    expect(parsed({ scl_slope: slope, scl_inter: intercept }).header.scaling).toEqual(scaling)
  })

  it('reads the first of several volumes and asks for the bytes of all', () => {
    const bytes = headerBytes({ dim: [5, 7, 5, 3, 2, 3, 9, 9] })
    const { header, layout } = parseNifti('a.nii', bytes, 352 + 105 * 6 * 2)
    expect(header).toMatchObject({ shapeZyx: [3, 5, 7], numVolumes: 6 })
    expect(header.warnings.map(({ code }) => code)).toEqual(['first_volume_only'])
    expect(layout.totalVoxels).toBe(630)
    expect(codeOf(() => parseNifti('a.nii', bytes, 352 + 105 * 6 * 2 - 1))).toBe('format_truncated')
  })

  it('takes missing axes as one voxel', () => {
    expect(parsed({ dim: [2, 7, 5, 0, 0, 0, 0, 0] }).header.shapeZyx).toEqual([1, 5, 7])
    expect(parsed({ dim: [4, 7, 5, 3, 0, 0, 0, 0] }).header.numVolumes).toBe(1)
  })

  it('reads voxels of a pair from the start of the image file', () => {
    const bytes = headerBytes({ magic: 'ni1', vox_offset: 0 })
    expect(isNiftiPair(bytes)).toBe(true)
    expect(isNiftiPair(headerBytes())).toBe(false)
    expect(parseNifti('a.hdr', bytes, 210).layout.offsetBytes).toBe(0)
    expect(codeOf(() => parseNifti('a.hdr', bytes, 209))).toBe('format_truncated')
  })

  it('warns and reads on where bitpix or vox_offset can be repaired', () => {
    expect(warningsOf({ bitpix: 8 })).toEqual(['bitpix_mismatch'])
    expect(warningsOf({ vox_offset: 0 })).toEqual(['vox_offset_assumed'])
  })

  it.each<[string, NiftiFields, string]>([
    ['no axes', { dim: [0, 7, 5, 3, 1, 1, 1, 1] }, 'format_header_invalid'],
    ['eight axes', { dim: [8, 7, 5, 3, 1, 1, 1, 1] }, 'format_header_invalid'],
    ['a negative axis', { dim: [3, -7, 5, 3, 1, 1, 1, 1] }, 'format_header_invalid'],
    ['an empty axis', { dim: [3, 7, 0, 3, 1, 1, 1, 1] }, 'format_header_invalid'],
    ['an offset inside the header', { vox_offset: 100 }, 'format_header_invalid'],
    ['a negative offset', { vox_offset: -352 }, 'format_header_invalid'],
    ['an offset that is no number', { vox_offset: Number.NaN }, 'format_header_invalid'],
    ['a broken offset', { vox_offset: 352.5 }, 'format_header_invalid'],
    ['an infinite offset', { vox_offset: Number.POSITIVE_INFINITY }, 'format_header_invalid'],
    ['a slope without intercept', { scl_slope: 2, scl_inter: Number.NaN }, 'format_header_invalid'],
    ['a wrong magic', { magic: 'n+9' }, 'format_header_invalid'],
    ['no magic', { magic: '' }, 'format_unsupported'],
    ['complex voxels', { datatype: 32 }, 'format_unsupported'],
    ['RGB voxels', { datatype: 128 }, 'format_unsupported'],
    ['single bits', { datatype: 1 }, 'format_unsupported'],
    ['128-bit floats', { datatype: 1536 }, 'format_unsupported'],
    ['an unknown type', { datatype: 7 }, 'format_unsupported'],
    ['another header size', { sizeof_hdr: 349 }, 'format_unknown'],
  ])('refuses %s', (_, changes, code) => {
    expect(codeOf(() => parsed(changes))).toBe(code)
  })

  it('refuses axes of 2^31 voxels and products beyond any file', () => {
    for (const dim of [
      [3, 2 ** 31, 5, 3, 1, 1, 1, 1],
      [3, 1e6, 1e6, 1e6, 1, 1, 1, 1],
      [4, 7, 5, 3, 2 ** 40, 1, 1, 1],
    ]) {
      expect(codeOf(() => parseNifti('a.nii', headerBytes({ dim }, 2), null))).toBe('format_header_invalid')
    }
    const offset = headerBytes({ vox_offset: 2 ** 62 }, 2)
    expect(codeOf(() => parseNifti('a.nii', offset, null))).toBe('format_header_invalid')
  })

  it('keeps every field of the header as JSON', () => {
    const { raw } = parsed({ scl_slope: Number.NaN, aux_file: 'none' }).header
    expect(raw).toMatchObject({ sizeof_hdr: 348, scl_slope: 'NaN', aux_file: 'none', magic: 'n+1' })
    expect(JSON.parse(JSON.stringify(raw))).toEqual(raw)
  })

  it('refuses headers cut at any byte with a problem of ours', () => {
    for (const version of [1, 2] as const) {
      const bytes = headerBytes({}, version)
      const fullBytes = version === 1 ? 348 : 540
      for (let length = 0; length < fullBytes; length++) {
        const code = codeOf(() => parseNifti('a.nii', bytes.subarray(0, length), null))
        expect(code).toBe(length < 8 ? 'format_unknown' : 'format_truncated')
      }
    }
  })

  it('answers damaged headers with a volume or a problem of ours, never another error', () => {
    const random = seeded(20240607)
    for (let round = 0; round < 20_000; round++) {
      const bytes = headerBytes({}, round % 2 === 0 ? 1 : 2)
      const numFlips = 1 + Math.floor(random() * 8)
      for (let i = 0; i < numFlips; i++)
        bytes[4 + Math.floor(random() * (bytes.length - 4))] = Math.floor(random() * 256)
      codeOf(() => {
        const { header } = parseNifti('a.nii', bytes, round % 3 === 0 ? null : 10_000)
        expect(header.affine.every(Number.isFinite)).toBe(true)
        expect(header.voxelSizeZyx?.every((size) => size > 0 && Number.isFinite(size)) ?? true).toBe(true)
      })
    }
  })
})

describe('isNifti', () => {
  it('knows both versions and nothing else', () => {
    expect(isNifti(headerBytes())).toBe(true)
    expect(isNifti(headerBytes({}, 2))).toBe(true)
    expect(isNifti(headerBytes({ magic: 'n+2' }))).toBe(false)
    expect(isNifti(headerBytes({ magic: '' }))).toBe(false)
    expect(isNifti(new Uint8Array(348))).toBe(false)
    expect(isNifti(new Uint8Array(3))).toBe(false)
  })
})

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
