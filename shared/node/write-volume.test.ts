import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { codeOf, int16Bytes, type MrcWords, mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { IMOD_STAMP } from '../formats/mrc/parse-mrc.ts'
import { type NiftiFields, writeNiftiFields } from '../formats/nifti/nifti-fields.ts'
import { type OpenedVolume, voxelsOf } from '../formats/raw-voxel-source.ts'
import type { DType, VoxelArray } from '../volume/dtype.ts'
import type { BoxReader, OutputVolume } from '../volume/header.ts'
import type { Zyx } from '../volume/zyx.ts'
import { openVolumeFile, writeVolumeFile } from './volume-file.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-write-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let counter = 0
const fresh = (ending: string) => path.join(folder, `${++counter}${ending}`)

const SHAPE: Zyx = [3, 5, 7]
const VOXELS = 105
const VALUES = Array.from({ length: VOXELS }, (_, i) => i * 7 - 300)

/** A reader of voxels in memory, z, y, x order. */
function readerOf(voxels: VoxelArray, [, ny, nx]: Zyx = SHAPE): BoxReader {
  return {
    readBox: async (start, shape) => {
      const out = voxels.slice(0, shape[0] * shape[1] * shape[2])
      let to = 0
      for (let z = 0; z < shape[0]; z++)
        for (let y = 0; y < shape[1]; y++)
          for (let x = 0; x < shape[2]; x++)
            out[to++] = voxels[((start[0] + z) * ny + start[1] + y) * nx + start[2] + x]
      return out
    },
  }
}

async function withVolume<T>(file: string, use: (volume: OpenedVolume) => Promise<T>): Promise<T> {
  const volume = await openVolumeFile(file)
  try {
    return await use(volume)
  } finally {
    await volume.close()
  }
}

const LABELS = Uint8Array.from({ length: VOXELS }, (_, i) => i % 5)

/** Writes a label mask over a source file and gives its path. */
async function maskOf(source: string, ending: string, labels: Uint8Array | Uint16Array = LABELS): Promise<string> {
  const out = fresh(ending)
  const dtype: DType = labels instanceof Uint8Array ? 'uint8' : 'uint16'
  await withVolume(source, ({ header }) =>
    writeVolumeFile(out, { shapeZyx: header.shapeZyx, dtype, kind: 'labels', source: header }, readerOf(labels)),
  )
  return out
}

function mrcFile(words: MrcWords = {}): string {
  const file = fresh('.mrc')
  writeFileSync(file, mrcBytes({ body: int16Bytes(VALUES, words.isLittle ?? true), ...words }))
  return file
}

const readAll = (file: string) => withVolume(file, (volume) => volume.readSlab(0, volume.header.shapeZyx[0]))

/** Words that place voxels: nstart, sampling, cell, angles, axis order, origin, as numbers. */
function placingWords(file: string): number[] {
  const view = new DataView(new Uint8Array(readFileSync(file)).buffer)
  const isLittle = view.getUint8(212) !== 0x11
  const ints = [16, 20, 24, 28, 32, 36, 64, 68, 72, 88].map((at) => view.getInt32(at, isLittle))
  const floats = [40, 44, 48, 52, 56, 60, 196, 200, 204].map((at) => view.getFloat32(at, isLittle))
  return [...ints, ...floats]
}

const PLACED: MrcWords = {
  nstart: [-3, 4, 9],
  m: [14, 10, 9],
  cell: [94.36, 67.4, 60.66],
  angles: [90, 90, 90],
  origin: [12.5, -7.25, 1000.125],
}

describe('masks of an MRC in MRC', () => {
  for (const isLittle of [true, false])
    it(`copy every word that places voxels from a ${isLittle ? 'little' : 'big'}-endian source`, async () => {
      const source = mrcFile({ ...PLACED, isLittle })
      const mask = await maskOf(source, '.mrc')
      expect(placingWords(mask)).toEqual(placingWords(source))
      expect(await readAll(mask)).toEqual(Int8Array.from(LABELS))
    })

  it('keep unusual cells, angles, axis words and NaN as stored', async () => {
    const source = mrcFile({ cell: [0, 0, 0], angles: [90, 94.3, 90], m: [0, 0, 0], mapcrs: [1, 2, 3], ispg: 0 })
    expect(placingWords(await maskOf(source, '.mrc'))).toEqual(placingWords(source))
  })

  for (const mapcrs of [
    [1, 3, 2],
    [2, 1, 3],
    [2, 3, 1],
    [3, 1, 2],
    [3, 2, 1],
  ])
    it(`are stored in the source's own axis order ${mapcrs}`, async () => {
      const n = mapcrs.map((axis) => [7, 5, 3][axis - 1])
      const source = mrcFile({ ...PLACED, mapcrs, n })
      const mask = await maskOf(source, '.mrc')
      expect(placingWords(mask)).toEqual(placingWords(source))
      expect([0, 4, 8].map((at) => readFileSync(mask).readInt32LE(at))).toEqual(n)
      expect(await readAll(mask)).toEqual(Int8Array.from(LABELS))
    })

  it('carry the IMOD stamp and flags only from a stamped source with bit 0 set', async () => {
    const words = async (imod: [number, number]) => {
      const bytes = readFileSync(await maskOf(mrcFile({ imod }), '.mrc'))
      return [bytes.readInt32LE(152), bytes.readInt32LE(156), bytes.readInt32LE(12)]
    }
    expect(await words([IMOD_STAMP, 1])).toEqual([IMOD_STAMP, 1, 0])
    expect(await words([IMOD_STAMP, 13])).toEqual([IMOD_STAMP, 13, 0])
    expect(await words([IMOD_STAMP, 12])).toEqual([0, 0, 0])
    expect(await words([0, 1])).toEqual([0, 0, 0])
  })

  it('use mode 0 up to label 127, mode 6 above, and read back as they were', async () => {
    for (const [largest, mode] of [
      [127, 0],
      [128, 6],
      [254, 6],
    ]) {
      const labels = Uint8Array.from(LABELS)
      labels[104] = largest
      const mask = await maskOf(mrcFile({ imod: [IMOD_STAMP, 0] }), '.mrc', labels)
      expect(readFileSync(mask).readInt32LE(12)).toBe(mode)
      expect(Array.from(await readAll(mask), Number)).toEqual([...labels])
    }
    const wide = Uint16Array.from(LABELS, (label) => label * 1000)
    expect(await readAll(await maskOf(mrcFile(), '.mrc', wide))).toEqual(wide)
  })

  it('hold the statistics of their voxels', async () => {
    const bytes = readFileSync(await maskOf(mrcFile(), '.mrc'))
    expect([bytes.readFloatLE(76), bytes.readFloatLE(80), bytes.readFloatLE(84)]).toEqual([0, 4, 2])
    expect(bytes.readFloatLE(216)).toBeCloseTo(Math.sqrt(2), 6)
  })

  it('of a stack of volumes are an ordinary volume of one of them', async () => {
    const body = int16Bytes([...VALUES, ...VALUES])
    const source = mrcFile({ n: [7, 5, 6], m: [7, 5, 3], ispg: 401, body })
    const mask = await maskOf(source, '.mrc')
    await withVolume(mask, async ({ header }) => {
      expect(header).toMatchObject({ shapeZyx: [3, 5, 7], numVolumes: 1, voxelSizeZyx: [10, 10, 10] })
    })
    expect(readFileSync(mask).readInt32LE(88)).toBe(1)
  })
})

/** MRC stores cells and NIfTI stores positions as float32, which hold seven digits: those must be the same. */
const inFloat32 = (values: readonly number[] | null) =>
  values && Array.from(values, (value) => Number(value.toPrecision(7)))

describe('there and back', () => {
  const sources: [string, MrcWords][] = [
    ['an origin', PLACED],
    ['nstart and no origin', { ...PLACED, origin: [0, 0, 0] }],
    ['voxels at 13.48 Å', { cell: [94.36, 67.4, 40.44], origin: [1, 2, 3] }],
    ['voxels of 1.0723 Å', { cell: [7 * 1.0723, 5 * 1.0723, 3 * 1.0723], origin: [-0.1, 0, 0.3] }],
    ['an unknown voxel size', { cell: [0, 0, 0] }],
    ['exchanged axes', { ...PLACED, mapcrs: [3, 1, 2], n: [3, 7, 5] }],
  ]
  for (const [kind, words] of sources)
    for (const ending of ['.nii', '.nii.gz', '.nrrd'])
      it(`mrc → ${ending} → mrc gives back voxel size, place and voxels of a file with ${kind}`, async () => {
        const source = mrcFile(words)
        const between = fresh(ending)
        const back = fresh('.mrc')
        const copy = (from: string, to: string) =>
          withVolume(from, (volume) => {
            const { shapeZyx, dtype } = volume.header
            return writeVolumeFile(to, { shapeZyx, dtype, kind: 'scalar', source: volume.header }, volume)
          })
        await copy(source, between)
        await copy(between, back)
        await withVolume(source, (first) =>
          withVolume(back, async (last) => {
            const size = first.header.voxelSizeZyx
            expect(inFloat32(last.header.voxelSizeZyx)).toEqual(inFloat32(size))
            if (size) expect(inFloat32(last.header.affine)).toEqual(inFloat32(first.header.affine))
            expect(last.header.dtype).toBe(first.header.dtype)
            expect(await last.readSlab(0, 3)).toEqual(await first.readSlab(0, 3))
          }),
        )
      })
})

describe('masks of NIfTI and NRRD', () => {
  function niftiFile(changes: NiftiFields = {}): string {
    const file = fresh('.nii')
    const fields: NiftiFields = {
      ...{ sizeof_hdr: 348, magic: 'n+1', dim: [3, 7, 5, 3, 1, 1, 1, 1], pixdim: [-1, 2, 3, 4, 0, 0, 0, 0] },
      ...{ datatype: 4, bitpix: 16, vox_offset: 352, scl_slope: 2, scl_inter: -1, xyzt_units: 10 },
      ...{ qform_code: 1, quatern_b: 0, quatern_c: 1, quatern_d: 0, qoffset_x: 5, qoffset_y: 6, qoffset_z: 7 },
      ...{ sform_code: 4, srow_x: [-2, 0, 0.5, 10], srow_y: [0, 3, 0, 20], srow_z: [0.1, 0, 4, 30] },
      ...changes,
    }
    const head = writeNiftiFields(fields, 1)
    writeFileSync(file, Buffer.concat([head, Buffer.alloc(Math.max(0, 352 - head.length)), int16Bytes(VALUES)]))
    return file
  }

  for (const ending of ['.nii', '.nii.gz'])
    it(`keep pixdim, qform, sform and codes of a NIfTI byte for byte in ${ending}`, async () => {
      const source = readFileSync(niftiFile())
      const file = fresh('.nii')
      writeFileSync(file, source)
      const written = readFileSync(await maskOf(file, ending))
      const mask = ending === '.nii' ? written : gunzipSync(written)
      expect(mask.subarray(76, 92)).toEqual(source.subarray(76, 92))
      expect(mask.subarray(252, 328)).toEqual(source.subarray(252, 328))
      expect(mask[123] & 7).toBe(source[123] & 7)
      expect([mask.readFloatLE(112), mask.readFloatLE(116)]).not.toEqual([2, -1])
      const again = fresh(ending)
      writeFileSync(again, written)
      expect(await readAll(again)).toEqual(LABELS)
    })

  it('keep space, directions, units and origin of an NRRD', async () => {
    const lines = [
      ...['NRRD0005', 'type: int16', 'dimension: 3', 'sizes: 7 5 3', 'encoding: raw', 'endian: little'],
      ...['space: left-posterior-superior', 'space units: "mm" "mm" "mm"', 'space origin: (1.5,-2,3.25)'],
      ...['space directions: (0.1,0.2,0) (0,0.3,0) (0,0,-0.7)', 'kinds: domain domain domain'],
    ]
    const file = fresh('.nrrd')
    writeFileSync(file, Buffer.concat([Buffer.from(`${lines.join('\n')}\n\n`), int16Bytes(VALUES)]))
    const mask = await maskOf(file, '.nrrd')
    await withVolume(file, (source) =>
      withVolume(mask, async (volume) => {
        expect(volume.header.geometry).toEqual(source.header.geometry)
        expect(volume.header.affine).toEqual(source.header.affine)
        expect(await volume.readSlab(0, 3)).toEqual(LABELS)
      }),
    )
  })

  it('go to MRC with voxel size and origin in ångström, and say that orientation is lost', async () => {
    const out = fresh('.mrc')
    const warnings = await withVolume(niftiFile(), ({ header }) =>
      writeVolumeFile(out, { shapeZyx: SHAPE, dtype: 'uint8', kind: 'labels', source: header }, readerOf(LABELS)),
    )
    expect(warnings.map(({ code }) => code)).toContain('orientation_not_expressible')
    await withVolume(out, async ({ header }) => expect(header.voxelSizeZyx).toEqual([4e7, 3e7, 2e7]))
  })
})

describe('a reader that fills one array again and again', () => {
  const shape: Zyx = [9, 401, 303]
  const labels = Uint8Array.from({ length: 9 * 401 * 303 }, (_, i) => (i % 1009 === 0 ? 255 : (i >> 9) % 4))
  const plain = readerOf(labels, shape)
  const filling: BoxReader = {
    readBox: () => Promise.reject(new Error('a new array')),
    readBoxInto: async (start, box, into) => into.set((await plain.readBox(start, box)) as never),
  }

  it.each(['.mrc', '.nii', '.nii.gz', '.nrrd'])('gives the same %s as one that makes new arrays', async (ending) => {
    const source = await withVolume(mrcFile(), async ({ header }) => header)
    const volume: OutputVolume = { shapeZyx: shape, dtype: 'uint8', kind: 'labels', source }
    const [one, other] = [fresh(ending), fresh(ending)]
    await writeVolumeFile(one, volume, plain)
    await writeVolumeFile(other, volume, filling)
    expect(readFileSync(other).equals(readFileSync(one))).toBe(true)
  })
})

describe('when writing fails', () => {
  const output = async (): Promise<OutputVolume> =>
    withVolume(mrcFile(), async ({ header }) => ({ shapeZyx: SHAPE, dtype: 'uint8', kind: 'labels', source: header }))

  for (const ending of ['.mrc', '.nii', '.nii.gz', '.nrrd'])
    it(`leaves the old ${ending} file and nothing else when the reader throws`, async () => {
      const place = mkdtempSync(path.join(folder, 'failing-'))
      const file = path.join(place, `a${ending}`)
      writeFileSync(file, 'old')
      const failing: BoxReader = { readBox: () => Promise.reject(new Error('no voxels')) }
      await expect(writeVolumeFile(file, await output(), failing)).rejects.toThrow('no voxels')
      expect(readdirSync(place)).toEqual([`a${ending}`])
      expect(readFileSync(file, 'utf8')).toBe('old')
    })

  it('refuses too few voxels from a reader rather than writing a short file', async () => {
    const place = mkdtempSync(path.join(folder, 'short-'))
    for (const ending of ['.mrc', '.nii', '.nrrd']) {
      const short: BoxReader = { readBox: async () => new Uint8Array(3) }
      await expect(writeVolumeFile(path.join(place, `a${ending}`), await output(), short)).rejects.toThrow()
    }
    expect(readdirSync(place)).toEqual([])
  })

  it('names a folder that does not exist, a folder in the way and an ending that is not written', async () => {
    const volume = await output()
    const write = (file: string) => codeOf(() => writeVolumeFile(file, volume, readerOf(LABELS)))
    expect(await write(path.join(folder, 'none', 'a.mrc'))).toBe('file_unwritable')
    expect(await write(fresh('.tif'))).toBe('format_unknown')
    const inTheWay = fresh('.mrc')
    mkdirSync(inTheWay)
    expect(await write(inTheWay)).toBe('file_unwritable')
    expect(existsSync(`${inTheWay}.partial`)).toBe(false)
  })

  it.skipIf(process.getuid?.() === 0)('names a folder that may not be written', async () => {
    const place = mkdtempSync(path.join(folder, 'locked-'))
    chmodSync(place, 0o500)
    expect(await codeOf(async () => writeVolumeFile(path.join(place, 'a.mrc'), await output(), readerOf(LABELS)))).toBe(
      'file_unwritable',
    )
    chmodSync(place, 0o700)
  })

  it('refuses types that MRC cannot hold before a file is made', async () => {
    const volume = { ...(await output()), dtype: 'float64' as const }
    const place = mkdtempSync(path.join(folder, 'refused-'))
    expect(
      await codeOf(() => writeVolumeFile(path.join(place, 'a.mrc'), volume, readerOf(new Float64Array(VOXELS)))),
    ).toBe('dtype_not_supported_by_format')
    expect(readdirSync(place)).toEqual([])
  })
})

const PYTHON = '/usr/bin/python3'
const hasPython = existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import mrcfile, nibabel, numpy']).status === 0
if (!hasPython) console.log('Skipped: masks are not read by mrcfile and nibabel, because they are not installed.')

describe.runIf(hasPython)('read by mrcfile and nibabel', () => {
  const python = (code: string, ...args: string[]) => {
    const run = spawnSync(PYTHON, ['-c', code, ...args], { encoding: 'utf8' })
    if (run.status !== 0) throw new Error(run.stderr)
    return JSON.parse(run.stdout)
  }

  it('MRC masks of every mode are valid and equal', async () => {
    const files = [
      await maskOf(mrcFile(PLACED), '.mrc'),
      await maskOf(mrcFile({ ...PLACED, mapcrs: [3, 1, 2], n: [3, 7, 5] }), '.mrc'),
      await maskOf(
        mrcFile(PLACED),
        '.mrc',
        Uint16Array.from(LABELS, (label) => label * 999),
      ),
    ]
    const code = `import sys, json, mrcfile, io
out = []
for f in sys.argv[1:]:
    log = io.StringIO()
    valid = mrcfile.validate(f, print_file=log)
    with mrcfile.open(f) as m:
        out.append([bool(valid), log.getvalue(), list(m.data.shape), m.data.astype(int).ravel().tolist(),
                    [float(m.voxel_size[k]) for k in 'xyz'], [float(m.header.origin[k]) for k in 'xyz']])
print(json.dumps(out))`
    const found = python(code, ...files)
    for (const [valid, log] of found)
      expect([valid, log]).toEqual([true, expect.stringContaining('appears to be valid')])
    expect(found[0][2]).toEqual([3, 5, 7])
    expect(found[0][3]).toEqual([...LABELS])
    expect(found[0][5]).toEqual([12.5, -7.25, 1000.125])
    expect(found[1][2]).toEqual([5, 7, 3])
    expect(found[2][3]).toEqual(Array.from(LABELS, (label) => label * 999))
  })

  it('NIfTI masks have the voxels and the affine of the source in micrometres', async () => {
    const files = [await maskOf(mrcFile(PLACED), '.nii'), await maskOf(mrcFile(PLACED), '.nii.gz')]
    const code = `import sys, json, nibabel, numpy
out = []
for f in sys.argv[1:]:
    i = nibabel.load(f)
    out.append([list(i.shape), numpy.asarray(i.dataobj).T.astype(int).ravel().tolist(), i.affine.tolist(),
                i.header.get_xyzt_units()[0], int(i.header['sform_code']), int(i.header['qform_code'])])
print(json.dumps(out))`
    for (const [shape, voxels, affine, unit, sform] of python(code, ...files)) {
      expect(shape).toEqual([7, 5, 3])
      expect(voxels).toEqual([...LABELS])
      expect([unit, sform]).toEqual(['micron', 2])
      expect(affine[0][0]).toBeCloseTo(0.000674, 9)
      expect(affine[2][3]).toBeCloseTo(0.1000125, 7)
    }
  })
})

it('keeps the byte view of a voxel array in native order', () => {
  expect(voxelsOf(int16Bytes([1, -2]), 'int16')).toEqual(Int16Array.of(1, -2))
})
