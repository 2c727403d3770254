import { describe, expect, it } from 'vitest'
import { diagonalAffine } from '../../volume/affine.ts'
import type { MrcGeometry, NiftiGeometry, OutputVolume, VolumeHeader } from '../../volume/header.ts'
import { asciiBytes } from '../byte-view.ts'
import { encodeNrrd } from './encode-nrrd.ts'
import { parseNrrd } from './parse-nrrd.ts'

/** Doubles that a MRC header's float32 words widen to: none has a short decimal. */
const SIZE_XYZ = [Math.fround(13.48), Math.fround(7.1), Math.fround(0.3)] as const
const ORIGIN_XYZ = [Math.fround(-123.4), Math.fround(1e-7), Math.fround(98765.43)] as const

const MRC: MrcGeometry = {
  format: 'mrc',
  storedShapeXyz: [7, 5, 3],
  mapcrs: [1, 2, 3],
  nstart: [0, 0, 0],
  mxyz: [7, 5, 3],
  cellAngstrom: [SIZE_XYZ[0] * 7, SIZE_XYZ[1] * 5, SIZE_XYZ[2] * 3],
  cellAnglesDegree: [90, 90, 90],
  originAngstrom: [...ORIGIN_XYZ],
  spaceGroup: 1,
  mode: 2,
  imodStamp: 0,
  imodFlags: 0,
}

const NIFTI: NiftiGeometry = {
  format: 'nifti',
  version: 1,
  pixdim: [1, 2, 3, 4, 0, 0, 0, 0],
  qformCode: 1,
  sformCode: 2,
  quaternBcd: [0, 0, 0],
  qoffsetXyz: [0, 0, 0],
  srow: [[], [], []],
  xyztUnits: 2,
}

function header(changes: Partial<VolumeHeader> = {}): VolumeHeader {
  return {
    format: 'mrc',
    shapeZyx: [3, 5, 7],
    numVolumes: 1,
    dtype: 'float32',
    voxelSizeZyx: [SIZE_XYZ[2], SIZE_XYZ[1], SIZE_XYZ[0]],
    unit: 'angstrom',
    affine: diagonalAffine(SIZE_XYZ, ORIGIN_XYZ),
    scaling: null,
    geometry: MRC,
    warnings: [],
    raw: {},
    ...changes,
  }
}

function written(source: VolumeHeader, changes: Partial<OutputVolume> = {}) {
  const volume: OutputVolume = { shapeZyx: source.shapeZyx, dtype: 'uint8', kind: 'labels', source, ...changes }
  const { bytes, warnings } = encodeNrrd(volume)
  const text = Buffer.from(bytes).toString('utf8')
  return { bytes, text, codes: warnings.map(({ code }) => code), warnings, ...parseNrrd('out.nrrd', bytes) }
}

describe('encodeNrrd of an MRC', () => {
  it('keeps voxel size and origin to the last bit', () => {
    const { volume, data, codes, bytes } = written(header())
    expect(volume.header).toMatchObject({ shapeZyx: [3, 5, 7], dtype: 'uint8', unit: 'angstrom', warnings: [] })
    expect(volume.header.voxelSizeZyx).toEqual(header().voxelSizeZyx)
    expect(volume.header.affine).toEqual(header().affine)
    expect(data).toMatchObject({ encoding: 'gzip', headerBytes: bytes.length, dataFiles: null, expectedBytes: 105 })
    expect(codes).toEqual([])
  })

  it('claims no anatomy and puts the space before what needs it', () => {
    const { text } = written(header())
    expect(text).toContain('\nspace dimension: 3\nsizes: 7 5 3\nspace directions: (')
    expect(text).toContain('\nspace units: "angstrom" "angstrom" "angstrom"\n')
    expect(text).not.toContain('space: ')
  })

  it('gives no spacing where the size is unknown', () => {
    const { text, codes, volume } = written(header({ voxelSizeZyx: null }))
    expect(text).not.toContain('spac')
    expect(codes).toEqual(['voxel_size_unknown'])
    expect(volume.header.voxelSizeZyx).toBeNull()
  })

  it('lists what NRRD cannot express', () => {
    const geometry = { ...MRC, nstart: [1, 2, 3], mxyz: [8, 5, 3], cellAnglesDegree: [90, 90, 120] } as MrcGeometry
    const { warnings, codes } = written(header({ geometry }), { scaling: { slope: 2, intercept: 1 } })
    expect(codes).toEqual(['geometry_not_expressible', 'scaling_not_expressible'])
    expect(warnings[0].message).toMatch(/nstart 1 2 3, sampling 8 5 3, cell angles 90 90 120/)
  })

  it('writes every type but half floats', () => {
    const types = [
      'int8',
      'uint8',
      'int16',
      'uint16',
      'int32',
      'uint32',
      'int64',
      'uint64',
      'float32',
      'float64',
    ] as const
    for (const dtype of types) expect(written(header(), { dtype }).volume.header.dtype).toBe(dtype)
    const refusal = expect.objectContaining({ code: 'dtype_not_supported_by_format' })
    expect(() => written(header(), { dtype: 'float16' })).toThrow(refusal)
  })
})

describe('encodeNrrd of a NIfTI', () => {
  it('writes RAS with the directions of the affine', () => {
    const affine = [0, -3, 0.5, 10, 2, 0, 0, 20, 0, 0, 4, -30, 0, 0, 0, 1] as const
    const size = [Math.hypot(0.5, 4), 3, 2] as const
    const source = header({ format: 'nifti', geometry: NIFTI, unit: 'mm', affine, voxelSizeZyx: size })
    const { volume, text, warnings } = written(source)
    expect(text).toContain('\nspace: right-anterior-superior\n')
    expect(volume.header).toMatchObject({ unit: 'mm', affine, voxelSizeZyx: size })
    expect(warnings[0].message).toContain('sform code 2, qform (code 1)')
  })
})

describe('encodeNrrd of an NRRD', () => {
  const source = (fields: Record<string, string>) => {
    const lines = Object.entries({ type: 'uint8', encoding: 'raw', ...fields }).map(([k, v]) => `${k}: ${v}`)
    return parseNrrd('in.nrrd', new Uint8Array(Buffer.from(`NRRD0005\n${lines.join('\n')}\n\n`))).volume.header
  }

  it.each<[string, Record<string, string>]>([
    [
      'a named space',
      {
        dimension: '3',
        sizes: '7 5 3',
        space: 'left-posterior-superior',
        'space directions': '(-0.99359200921208746,0.04970492721885441,-0.10151029228632795) (0,2,0) (1e-300,0,3)',
        'space origin': '(64.898239135742202,-0,110.4311447143555)',
      },
    ],
    [
      'units with quotes and signs',
      {
        dimension: '3',
        sizes: '7 5 3',
        'space dimension': '3',
        'space units': '"Å" "Å" "say \\"Å\\""',
        'space directions': '(1,0,0) (0,2,0) (0,0,3)',
      },
    ],
    ['spacings and units', { dimension: '3', sizes: '7 5 3', spacings: '1.1 nan -3', units: '"um" "um" "um"' }],
    ['a plane', { dimension: '2', sizes: '7 5', spacings: '1.1 2' }],
    [
      'a plane in space',
      { dimension: '2', sizes: '7 5', 'space dimension': '3', 'space directions': '(1,0,0) (0,2,0)' },
    ],
    ['nothing', { dimension: '3', sizes: '7 5 3' }],
    ['a line', { dimension: '1', sizes: '7', spacings: '1.0458000000000001' }],
  ])('copies %s as stored', (_, fields) => {
    const before = source(fields)
    const { volume, codes } = written(before)
    const after = volume.header
    expect({ ...after.geometry, kinds: null }).toEqual({ ...before.geometry, kinds: null })
    expect([after.shapeZyx, after.affine, after.voxelSizeZyx, after.unit]).toEqual([
      before.shapeZyx,
      before.affine,
      before.voxelSizeZyx,
      before.unit,
    ])
    expect(codes).toEqual([])
  })

  it('gives the mask of four-dimensional data three axes', () => {
    for (const [sizes, directions, spacings] of [
      ['7 5 3 2', '(1,0,0) (0,2,0) (0,0,3) none', '1 2 3 nan'],
      ['1 7 5 3', 'none (1,0,0) (0,2,0) (0,0,3)', 'nan 1 2 3'],
    ]) {
      const inSpace = source({ dimension: '4', sizes, space: 'RAS', 'space directions': directions })
      expect(written(inSpace).volume.header).toMatchObject({
        shapeZyx: [3, 5, 7],
        voxelSizeZyx: [3, 2, 1],
        numVolumes: 1,
        affine: inSpace.affine,
      })
      const kinds = sizes.startsWith('1') ? 'list domain domain domain' : 'domain domain domain list'
      const units = '"nm" "nm" "nm" "nm"'
      const spaced = source({ dimension: '4', sizes, spacings, kinds, units })
      expect(written(spaced).volume.header).toMatchObject({ shapeZyx: [3, 5, 7], voxelSizeZyx: [3, 2, 1], unit: 'nm' })
    }
  })

  it('writes plain ASCII where the source is', () => {
    const { bytes, text } = written(source({ dimension: '3', sizes: '7 5 3' }))
    expect(bytes).toEqual(asciiBytes(text))
  })
})
