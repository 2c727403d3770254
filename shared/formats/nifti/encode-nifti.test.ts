import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { diagonalAffine } from '../../volume/affine.ts'
import { BYTES_PER_VOXEL, type DType } from '../../volume/dtype.ts'
import type { MrcGeometry, NrrdGeometry, OutputVolume, VolumeHeader } from '../../volume/header.ts'
import { reverseTriple, type Xyz, type Zyx } from '../../volume/zyx.ts'
import { encodeMrc } from '../mrc/encode-mrc.ts'
import { parseMrc } from '../mrc/parse-mrc.ts'
import { encodeNifti } from './encode-nifti.ts'
import { type NiftiFields, writeNiftiFields } from './nifti-fields.ts'
import { parseNifti } from './parse-nifti.ts'

const SHAPE: Zyx = [3, 5, 7]
const NO_STATISTICS = { min: 0, max: 1, mean: 0, std: 0 }

const PYTHON = '/usr/bin/python3'
const hasNibabel = existsSync(PYTHON) && runs(['-c', 'import nibabel'])

function runs(args: string[]): boolean {
  try {
    execFileSync(PYTHON, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const output = (source: VolumeHeader, more: Partial<OutputVolume> = {}): OutputVolume => ({
  shapeZyx: source.shapeZyx,
  dtype: 'uint8',
  kind: 'labels',
  source,
  ...more,
})

const read = (bytes: Uint8Array): VolumeHeader => parseNifti('a.nii', bytes, null).header

const codes = ({ warnings }: { warnings: { code: string }[] }) => warnings.map(({ code }) => code)

/** What a header says of the place of its voxels, without the messages. */
const placeOf = ({ affine, voxelSizeZyx, unit, geometry }: VolumeHeader) => ({ affine, voxelSizeZyx, unit, geometry })

function niftiSource(changes: NiftiFields, version: 1 | 2 = 1): VolumeHeader {
  const plain: NiftiFields = {
    sizeof_hdr: version === 1 ? 348 : 540,
    magic: `n+${version}`,
    dim: [4, 7, 5, 3, 2, 1, 1, 1],
    pixdim: [-1, 2, 3, 4, 2.5, 0, 0, 0],
    datatype: 16,
    bitpix: 32,
    xyzt_units: 10,
    qform_code: 1,
    sform_code: 4,
    quatern_b: 0.1,
    quatern_c: -0.2,
    quatern_d: 0.3,
    qoffset_x: -7.25,
    qoffset_y: 8,
    qoffset_z: 9,
    srow_x: [-2, 0.1, 0, 10],
    srow_y: [0, 3, -0.2, 20],
    srow_z: [0.2, 0, 4, 30],
  }
  return read(writeNiftiFields({ ...plain, ...changes }, version))
}

/** An MRC header as its own reader gives it. */
function mrcSource(
  sizeXyz: Xyz,
  originXyz: Xyz,
  changes: Partial<MrcGeometry> = {},
  shapeZyx: Zyx = SHAPE,
): VolumeHeader {
  const mxyz = reverseTriple(shapeZyx)
  const geometry: MrcGeometry = {
    format: 'mrc',
    storedShapeXyz: mxyz,
    mapcrs: [1, 2, 3],
    nstart: [0, 0, 0],
    mxyz,
    cellAngstrom: [mxyz[0] * sizeXyz[0], mxyz[1] * sizeXyz[1], mxyz[2] * sizeXyz[2]],
    cellAnglesDegree: [90, 90, 90],
    originAngstrom: [originXyz[0], originXyz[1], originXyz[2]],
    spaceGroup: 1,
    mode: 0,
    imodStamp: 0,
    imodFlags: 0,
    ...changes,
  }
  const source: VolumeHeader = {
    format: 'mrc',
    shapeZyx,
    numVolumes: 1,
    dtype: 'int8',
    voxelSizeZyx: reverseTriple(sizeXyz),
    unit: 'angstrom',
    affine: diagonalAffine(sizeXyz, originXyz),
    scaling: null,
    geometry,
    warnings: [],
    raw: {},
  }
  return parseMrc('a.mrc', encodeMrc(output(source), 0, NO_STATISTICS).bytes, null).header
}

function nrrdSource(changes: Partial<VolumeHeader>, space: string | null): VolumeHeader {
  const geometry: NrrdGeometry = {
    format: 'nrrd',
    space,
    spaceDimension: 3,
    spaceUnits: null,
    spaceDirections: null,
    spaceOrigin: null,
    spacings: null,
    kinds: null,
  }
  return {
    format: 'nrrd',
    shapeZyx: SHAPE,
    numVolumes: 1,
    dtype: 'uint8',
    voxelSizeZyx: [4, 3, 2],
    unit: 'mm',
    affine: [2, 0, 0, 10, 0, 3, 0, 20, 0, 0, 4, 30, 0, 0, 0, 1],
    scaling: null,
    geometry,
    warnings: [],
    raw: {},
    ...changes,
  }
}

describe('a NIfTI source', () => {
  it.each([
    ['both transforms', {}],
    ['a qform only', { sform_code: 0 }],
    ['no transform', { sform_code: 0, qform_code: 0 }],
    ['micrometres', { xyzt_units: 3 }],
    ['no unit', { xyzt_units: 0 }],
    ['no voxel size', { pixdim: [0, 0, 0, 0, 0, 0, 0, 0] }],
    ['a damaged sform', { srow_x: [Number.NaN, 0, 0, 0] }],
  ])('keeps every word of its place with %s', (_, changes) => {
    const source = niftiSource(changes)
    const encoded = encodeNifti(output(source))
    expect(encoded.warnings).toEqual([])
    expect(encoded.bytes.length).toBe(352)
    expect(placeOf(read(encoded.bytes))).toEqual(placeOf(source))
    expect(read(encoded.bytes)).toMatchObject({ shapeZyx: SHAPE, numVolumes: 1, dtype: 'uint8' })
  })

  it('becomes NIfTI-1 again from NIfTI-2 where that keeps every digit, else NIfTI-2', () => {
    const short = niftiSource(
      { quatern_b: 0.5, quatern_c: 0, quatern_d: 0, srow_x: [2, 0, 0, 1], srow_y: [0, 3, 0, 1], srow_z: [0, 0, 4, 1] },
      2,
    )
    const written = read(encodeNifti(output(short)).bytes)
    expect(written.raw.magic).toBe('n+1')
    expect(written.affine).toEqual(short.affine)
    const exact = niftiSource({}, 2)
    const { bytes } = encodeNifti(output(exact))
    expect(bytes.length).toBe(544)
    expect([...bytes.subarray(8, 12)]).toEqual([13, 10, 26, 10])
    expect(placeOf(read(bytes))).toEqual(placeOf(exact))
  })

  it('is written as NIfTI-2 where an axis is longer than 32767 voxels', () => {
    for (const [size, length] of [
      [32767, 352],
      [32768, 544],
    ]) {
      const { bytes } = encodeNifti(output(niftiSource({}), { shapeZyx: [3, 1, size] }))
      expect(bytes.length).toBe(length)
      expect(parseNifti('a.nii', bytes, length + 3 * size)).toMatchObject({
        header: { shapeZyx: [3, 1, size] },
        layout: { offsetBytes: length },
      })
    }
  })
})

describe('the type of the voxels', () => {
  const dtypes = Object.keys(BYTES_PER_VOXEL).filter((dtype) => dtype !== 'float16') as DType[]

  it.each(dtypes)('%s is written and read', (dtype) => {
    const { bytes } = encodeNifti(output(niftiSource({}), { dtype, kind: 'scalar' }))
    expect(parseNifti('a.nii', bytes, 352 + 105 * BYTES_PER_VOXEL[dtype]).header).toMatchObject({ dtype, warnings: [] })
  })

  it('float16 is refused', () => {
    const encode = () => encodeNifti(output(niftiSource({}), { dtype: 'float16', kind: 'scalar' }))
    expect(encode).toThrow(expect.objectContaining({ code: 'dtype_not_supported_by_format' }))
  })

  it('keeps the scaling of scalars and gives labels none', () => {
    const scaling = { slope: 0.5, intercept: -3 }
    const scalar = read(encodeNifti(output(niftiSource({}), { kind: 'scalar', scaling })).bytes)
    expect(scalar).toMatchObject({ scaling, raw: { intent_code: 0 } })
    const labels = read(encodeNifti(output(niftiSource({}), { scaling })).bytes)
    expect(labels).toMatchObject({ scaling: null, raw: { intent_code: 1002 } })
  })
})

describe('an MRC source', () => {
  it('becomes micrometres with an sform and no anatomy', () => {
    const encoded = encodeNifti(output(mrcSource([13.48, 7.84, 10.52], [-1234.5, 0, 99.25])))
    const { geometry, ...header } = read(encoded.bytes)
    expect(encoded.warnings).toEqual([])
    expect(header).toMatchObject({ unit: 'um', warnings: [] })
    expect(geometry).toMatchObject({ sformCode: 2, qformCode: 0, xyztUnits: 3 })
    expect(header.voxelSizeZyx).toEqual([10.52, 7.84, 13.48].map((size) => Math.fround(size / 1e4)))
    expect(header.affine[3]).toBe(Math.fround(-0.12345))
  })

  it.each([13.48, 7.84, 10.52, 1.0825, 0.834, 3.37, 21.04, 6.8])('gives back %d Å and its origin', (size) => {
    const sizeXyz: Xyz = [size, 1.5 * size, 2 * size]
    for (const origin of [0, -1234.5, 4096.25, 17.3, -0.001]) {
      for (const shape of [SHAPE, [464, 928, 960] as const]) {
        const source = mrcSource(sizeXyz, [origin, 10 - origin, origin / 2], {}, shape)
        const back = backToMrc(read(encodeNifti(output(source)).bytes))
        const [geometry, original] = [back.geometry, source.geometry] as [MrcGeometry, MrcGeometry]
        expect(geometry.cellAngstrom).toEqual(original.cellAngstrom)
        expect(geometry.originAngstrom).toEqual(original.originAngstrom)
      }
    }
  })

  it('writes the nearest micrometres to every voxel size from 0.5 to 30 Å in steps of 0.001', () => {
    for (let thousandths = 500; thousandths <= 30_000; thousandths++) {
      const source = mrcSource([thousandths / 1000, 1, 1], [-thousandths / 10, 0, 0])
      const written = read(encodeNifti(output(source)).bytes)
      expect(written.voxelSizeZyx?.[2]).toBe(Math.fround(thousandths / 1e7))
      expect(written.affine.slice(0, 4)).toEqual([thousandths / 1e7, 0, 0, -thousandths / 1e5].map(Math.fround))
    }
  })

  it('of unknown voxel size stays unknown, also in copies of the copy', () => {
    const source = mrcSource([0, 0, 0], [0, 0, 0])
    expect(source.voxelSizeZyx).toBeNull()
    const encoded = encodeNifti(output(source))
    expect(codes(encoded)).toEqual(['voxel_size_unknown_written'])
    const first = read(encoded.bytes)
    const second = read(encodeNifti(output(first)).bytes)
    for (const header of [first, second]) {
      expect(header).toMatchObject({ voxelSizeZyx: null, unit: null, affine: source.affine })
      expect(codes(header)).toEqual(['voxel_size_unknown'])
    }
    expect(backToMrc(second).voxelSizeZyx).toBeNull()
  })

  it('lists the words that NIfTI cannot hold', () => {
    const source = mrcSource([10, 10, 10], [0, 0, 0], {
      nstart: [1, 2, 3],
      mxyz: [14, 10, 6],
      cellAnglesDegree: [90, 90, 120],
    })
    const [warning, ...others] = encodeNifti(output(source)).warnings
    expect(others).toEqual([])
    expect(warning.code).toBe('mrc_words_not_expressible')
    for (const word of ['nstart 1, 2, 3', 'sampling 14 × 10 × 6', 'cell angles 90, 90, 120']) {
      expect(warning.message).toContain(word)
    }
  })

  function backToMrc(nifti: VolumeHeader): VolumeHeader {
    return parseMrc('b.mrc', encodeMrc(output(nifti), 0, NO_STATISTICS).bytes, null).header
  }
})

describe('an NRRD source', () => {
  it.each([
    ['left-posterior-superior', [-2, -3, 4], [-10, -20, 30]],
    ['LPS', [-2, -3, 4], [-10, -20, 30]],
    ['left-anterior-superior', [-2, 3, 4], [-10, 20, 30]],
    ['right-anterior-superior', [2, 3, 4], [10, 20, 30]],
    ['3D-right-handed', [2, 3, 4], [10, 20, 30]],
    [null, [2, 3, 4], [10, 20, 30]],
  ])('in %s becomes RAS', (space, [sx, sy, sz], [ox, oy, oz]) => {
    const { affine, unit, voxelSizeZyx } = read(encodeNifti(output(nrrdSource({}, space))).bytes)
    expect(affine).toEqual([sx, 0, 0, ox, 0, sy, 0, oy, 0, 0, sz, oz, 0, 0, 0, 1])
    expect({ unit, voxelSizeZyx }).toEqual({ unit: 'mm', voxelSizeZyx: [4, 3, 2] })
  })

  it.each([
    ['mm', 'mm', 1],
    ['um', 'um', 1],
    ['m', 'm', 1],
    ['nm', 'um', 1e3],
    ['angstrom', 'um', 1e4],
  ] as const)('in %s is written in %s', (unit, written, divisor) => {
    const header = read(encodeNifti(output(nrrdSource({ unit }, null))).bytes)
    expect(header.unit).toBe(written)
    expect(header.voxelSizeZyx).toEqual([4, 3, 2].map((size) => Math.fround(size / divisor)))
    expect(header.affine[3]).toBe(Math.fround(10 / divisor))
  })

  it('without unit stays without', () => {
    const encoded = encodeNifti(output(nrrdSource({ unit: null }, null)))
    expect(codes(encoded)).toEqual(['unit_unknown_written'])
    expect(read(encoded.bytes)).toMatchObject({ unit: null, voxelSizeZyx: [4, 3, 2], warnings: [] })
  })
})

describe.skipIf(!hasNibabel)('nibabel (skipped where it is not installed)', () => {
  const SCRIPT = `
import json, sys, warnings
import nibabel, numpy
image = nibabel.load(sys.argv[1])
h = image.header
raw = numpy.asanyarray(image.dataobj.get_unscaled())
print(json.dumps(dict(kind=type(image).__name__, shape=image.shape, dtype=str(raw.dtype), affine=image.affine.ravel().tolist(),
  zooms=[float(v) for v in h.get_zooms()], unit=h.get_xyzt_units()[0], intent=int(h['intent_code']),
  voxel=raw[6, 4, 2].item(), value=float(numpy.asarray(image.dataobj)[6, 4, 2]), order=raw.ravel(order='F')[:3].tolist())))`

  function nibabelReads(volume: OutputVolume): Record<string, unknown> {
    const folder = mkdtempSync(path.join(tmpdir(), 'cryomamba-nifti-'))
    try {
      const file = path.join(folder, 'a.nii')
      const voxels = Uint8Array.from({ length: 105 * BYTES_PER_VOXEL[volume.dtype] }, (_, i) => i)
      writeFileSync(file, Buffer.concat([encodeNifti(volume).bytes, voxels]))
      return JSON.parse(execFileSync(PYTHON, ['-c', SCRIPT, file], { encoding: 'utf8' }))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  it('reads labels of an MRC where we put them', () => {
    const source = mrcSource([13.48, 7.84, 10.52], [-1234.5, 17.3, 99.25])
    const seen = nibabelReads(output(source))
    const { affine } = read(encodeNifti(output(source)).bytes)
    const expected = { kind: 'Nifti1Image', shape: [7, 5, 3], dtype: 'uint8', unit: 'micron', intent: 1002 }
    expect(seen).toMatchObject({ ...expected, affine: [...affine], voxel: 104, value: 104, order: [0, 1, 2] })
  })

  it('reads scaled values and both transforms of a NIfTI', () => {
    const scaling = { slope: 0.5, intercept: -3 }
    const cases: NiftiFields[] = [{}, { sform_code: 0 }, { sform_code: 0, qform_code: 0 }]
    for (const changes of cases) {
      const source = niftiSource(changes)
      const seen = nibabelReads(output(source, { kind: 'scalar', dtype: 'int16', scaling }))
      expect(seen).toMatchObject({ dtype: 'int16', unit: 'mm', voxel: 208 + 209 * 256 - 65536 })
      expect(seen.value).toBe((seen.voxel as number) * 0.5 - 3)
      for (const [i, value] of (seen.affine as number[]).entries()) expect(source.affine[i]).toBeCloseTo(value, 5)
    }
  })

  it('reads NIfTI-2', () => {
    const source = niftiSource({}, 2)
    expect(nibabelReads(output(source))).toMatchObject({ kind: 'Nifti2Image', affine: [...source.affine], voxel: 104 })
  })
})
