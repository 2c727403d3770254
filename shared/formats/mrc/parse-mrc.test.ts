import { describe, expect, it } from 'vitest'
import { codeOf, int16Bytes, type MrcWords, memorySource, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { numVoxels, type Zyx } from '../../volume/zyx.ts'
import { RawVoxelSource } from '../raw-voxel-source.ts'
import { isMrc } from './byte-order.ts'
import { IMOD_STAMP, type MrcOptions, parseMrc } from './parse-mrc.ts'

const VOXELS = 3 * 5 * 7
const COUNTING = Array.from({ length: VOXELS }, (_, i) => i - 50)

function parsed(words: MrcWords = {}, options: MrcOptions = {}) {
  return parseMrc('a.mrc', mrcBytes(words), null, options)
}

function codes(words: MrcWords, options: MrcOptions = {}) {
  return parsed(words, options).header.warnings.map(({ code }) => code)
}

function opened(words: MrcWords, options: MrcOptions = {}) {
  const bytes = mrcBytes(words)
  return new RawVoxelSource(parseMrc('a.mrc', bytes, bytes.length, options), memorySource(bytes))
}

describe('modes', () => {
  it('names the stored type of every real mode', () => {
    const types = [0, 1, 2, 6, 12, 101].map((mode) => parsed({ mode }).header.dtype)
    expect(types).toEqual(['int8', 'int16', 'float32', 'uint16', 'float16', 'uint8'])
  })

  it('refuses complex and RGB modes by name, and modes that do not exist', async () => {
    for (const mode of [3, 4, 16]) expect(await codeOf(() => parsed({ mode }))).toBe('format_unsupported')
    for (const mode of [-1, 5, 7, 17, 2 ** 31 - 1])
      expect(await codeOf(() => parsed({ mode })), `mode ${mode}`).toBe('format_header_invalid')
  })

  it('reads mode 0 as unsigned only with the IMOD stamp and a clear bit 0', () => {
    const dtype = (imod: [number, number], options: MrcOptions = {}) => parsed({ mode: 0, imod }, options).header.dtype
    expect(dtype([IMOD_STAMP, 0])).toBe('uint8')
    expect(dtype([IMOD_STAMP, 8])).toBe('uint8')
    expect(dtype([IMOD_STAMP, 1])).toBe('int8')
    expect(dtype([IMOD_STAMP, 9])).toBe('int8')
    expect(dtype([0, 0])).toBe('int8')
    expect(dtype([1234, 0])).toBe('int8')
    expect(dtype([IMOD_STAMP, 1], { mode0: 'unsigned' })).toBe('uint8')
    expect(dtype([IMOD_STAMP, 0], { mode0: 'signed' })).toBe('int8')
  })

  it('doubts signed bytes without a stamp where the header says values that only unsigned ones hold', () => {
    expect(codes({ mode: 0, dminMaxMean: [0, 255, 90] })).toContain('mode0_sign_doubtful')
    expect(codes({ mode: 0, dminMaxMean: [12, 128, 90] })).toContain('mode0_sign_doubtful')
    expect(codes({ mode: 0, dminMaxMean: [-128, 127, 0] })).not.toContain('mode0_sign_doubtful')
    expect(codes({ mode: 0, dminMaxMean: [0, 0, 0] })).not.toContain('mode0_sign_doubtful')
    expect(codes({ mode: 0, dminMaxMean: [0, Number.NaN, 0] })).not.toContain('mode0_sign_doubtful')
    expect(codes({ mode: 0, dminMaxMean: [0, 255, 90], imod: [IMOD_STAMP, 1] })).not.toContain('mode0_sign_doubtful')
    expect(codes({ mode: 0, dminMaxMean: [0, 255, 90] }, { mode0: 'unsigned' })).not.toContain('mode0_sign_doubtful')
  })

  it('unpacks 4-bit voxels, low half first, rows of odd length padded to a byte', async () => {
    const rows = Array.from({ length: 15 }, (_, row) =>
      [0, 1, 2].map((i) => ((row + 2 * i) % 16) | (((row + 2 * i + 1) % 16) << 4)).concat((row + 6) % 16),
    )
    const volume = opened({ mode: 101, body: Uint8Array.from(rows.flat()) })
    const wanted = Uint8Array.from({ length: VOXELS }, (_, i) => (Math.floor(i / 7) + (i % 7)) % 16)
    expect(await volume.readSlab(0, 3)).toEqual(wanted)
    expect([...(await volume.readBox([1, 2, 3], [1, 2, 3]))]).toEqual([52, 53, 54, 59, 60, 61].map((i) => wanted[i]))
    expect(await volume.readSlab(2, 1)).toEqual(wanted.slice(70))
    const hashed: number[] = []
    for await (const chunk of volume.allVoxels()) hashed.push(...(chunk as Uint8Array))
    expect(hashed).toEqual([...wanted])
  })

  it('counts rows of 4-bit voxels in whole bytes when it checks the length', async () => {
    expect(await codeOf(() => opened({ mode: 101, body: new Uint8Array(60) }))).toBe('ok')
    expect(await codeOf(() => opened({ mode: 101, body: new Uint8Array(59) }))).toBe('format_truncated')
  })

  it('warns of 4-bit voxels in mode 0 as SerialEM may mark them', () => {
    expect(codes({ mode: 0, imod: [IMOD_STAMP, 17] })).toContain('mode0_packed_4bit')
    expect(codes({ mode: 0, imod: [IMOD_STAMP, 1] })).not.toContain('mode0_packed_4bit')
  })
})

describe('byte order', () => {
  const stamps: [string, number[], boolean][] = [
    ['little', [0x44, 0x44, 0, 0], true],
    ['little', [0x44, 0x41, 0, 0], true],
    ['big', [0x11, 0x11, 0, 0], false],
    ['no', [0, 0, 0, 0], true],
    ['no', [0, 0, 0, 0], false],
    ['nonsense', [0xff, 7, 7, 7], false],
    ['wrong', [0x44, 0x44, 0, 0], false],
    ['wrong', [0x11, 0x11, 0, 0], true],
  ]
  for (const [kind, machst, isLittle] of stamps)
    it(`reads ${isLittle ? 'little' : 'big'}-endian data with ${kind} stamp ${machst}`, async () => {
      const volume = opened({ isLittle, machst, body: int16Bytes(COUNTING, isLittle) })
      expect([...(await volume.readSlab(0, 3))]).toEqual(COUNTING)
      expect(volume.header.voxelSizeZyx).toEqual([10, 10, 10])
      expect(volume.header.raw.byte_order).toBe(isLittle ? 'little' : 'big')
      const found = volume.header.warnings.map(({ code }) => code)
      expect(found.includes('machine_stamp_wrong')).toBe(kind === 'wrong')
      expect(found.includes('machine_stamp_missing')).toBe(kind === 'no' || kind === 'nonsense')
    })

  it('reads old files without a MAP word or axis order, in either byte order, with warnings', async () => {
    for (const isLittle of [true, false]) {
      const words = { isLittle, map: '', machst: [0, 0, 0, 0], mapcrs: [0, 0, 0], body: int16Bytes(COUNTING, isLittle) }
      expect(isMrc(mrcBytes(words))).toBe(true)
      const volume = opened(words)
      expect([...(await volume.readSlab(0, 3))]).toEqual(COUNTING)
      expect(volume.header.warnings.map(({ code }) => code)).toContain('map_stamp_missing')
    }
  })

  it('does not take zeros, text or a picture for an MRC', () => {
    expect(isMrc(new Uint8Array(2048))).toBe(false)
    expect(isMrc(new Uint8Array(2048).fill(0x20))).toBe(false)
    expect(isMrc(mrcBytes().subarray(0, 1023))).toBe(false)
  })
})

/** Stored voxels whose values say their x, y, z index, for a file with exchanged axes. */
function permuted(mapcrs: number[], shapeXyz: number[]) {
  const n = mapcrs.map((axis) => shapeXyz[axis - 1])
  const values: number[] = []
  for (let s = 0; s < n[2]; s++)
    for (let r = 0; r < n[1]; r++)
      for (let c = 0; c < n[0]; c++) {
        const xyz = [0, 0, 0]
        for (const [stored, index] of [c, r, s].entries()) xyz[mapcrs[stored] - 1] = index
        values.push(xyz[0] + 10 * xyz[1] + 100 * xyz[2])
      }
  return { n, values }
}

function boxes(shape: Zyx): [Zyx, Zyx][] {
  const all: [Zyx, Zyx][] = []
  for (const start of [
    [0, 0, 0],
    [1, 2, 3],
    [2, 4, 6],
    [0, 1, 5],
  ] as Zyx[])
    for (const size of [
      [1, 1, 1],
      [1, 5, 7],
      [2, 3, 4],
      [3, 5, 7],
    ] as Zyx[])
      all.push([start, size.map((n, i) => Math.min(n, shape[i] - start[i])) as unknown as Zyx])
  return all
}

describe('axis order', () => {
  for (const mapcrs of [
    [1, 2, 3],
    [1, 3, 2],
    [2, 1, 3],
    [2, 3, 1],
    [3, 1, 2],
    [3, 2, 1],
  ])
    for (const isLittle of [true, false])
      it(`puts columns, rows, sections ${mapcrs} (${isLittle ? 'little' : 'big'}) in z, y, x order, box by box`, async () => {
        const { n, values } = permuted(mapcrs, [7, 5, 3])
        const nstart = mapcrs.map((axis) => axis * 4)
        const body = int16Bytes(values, isLittle)
        const volume = opened({ isLittle, mapcrs, n, m: [14, 10, 9], cell: [28, 30, 36], nstart, body })
        expect(volume.header.shapeZyx).toEqual([3, 5, 7])
        // cell and sampling are in x, y, z order whatever the axes are; nstart follows columns, rows, sections.
        expect(volume.header.voxelSizeZyx).toEqual([4, 3, 2])
        expect([3, 7, 11].map((i) => volume.header.affine[i])).toEqual([4 * 2, 8 * 3, 12 * 4])
        for (const [start, shape] of boxes([3, 5, 7])) {
          const wanted: number[] = []
          for (let z = start[0]; z < start[0] + shape[0]; z++)
            for (let y = start[1]; y < start[1] + shape[1]; y++)
              for (let x = start[2]; x < start[2] + shape[2]; x++) wanted.push(x + 10 * y + 100 * z)
          expect([...(await volume.readBox(start, shape))]).toEqual(wanted)
        }
        let count = 0
        for await (const chunk of volume.allVoxels()) count += chunk.length
        expect(count).toBe(numVoxels([3, 5, 7]))
      })

  it('takes x, y, z with a warning where the words are no order', () => {
    for (const mapcrs of [
      [0, 0, 0],
      [1, 1, 2],
      [1, 2, 4],
      [-1, 2, 3],
    ])
      expect(codes({ mapcrs }), `${mapcrs}`).toContain('axis_order_invalid')
  })
})

describe('place and voxel size', () => {
  const start = (words: MrcWords) => [3, 7, 11].map((i) => parsed(words).header.affine[i])

  it('puts the first voxel at the origin, or at nstart where the origin is zero', () => {
    expect(start({ nstart: [-3, 4, 5] })).toEqual([-30, 40, 50])
    expect(start({ nstart: [-3, 4, 5], origin: [0, 0, 7.5] })).toEqual([0, 0, 7.5])
    expect(start({ origin: [-1, 2, 3] })).toEqual([-1, 2, 3])
  })

  it('gives null, never 1, for a voxel size that is zero, negative or not a number', () => {
    const bad: MrcWords[] = [
      { cell: [0, 0, 0] },
      { cell: [70, 50, 0] },
      { cell: [70, -50, 30] },
      { cell: [Number.NaN, 50, 30] },
      { cell: [Number.POSITIVE_INFINITY, 50, 30] },
      { m: [0, 0, 0] },
      { m: [-7, 5, 3] },
    ]
    for (const words of bad) {
      const { header } = parsed(words)
      expect(header.voxelSizeZyx, JSON.stringify(words)).toBeNull()
      expect(header.unit).toBeNull()
      expect(header.affine.every(Number.isFinite)).toBe(true)
      expect(header.warnings.map(({ code }) => code)).toContain('voxel_size_unknown')
    }
  })

  it('divides the cell by the sampling, not by the size of the box', () => {
    expect(parsed({ m: [14, 10, 6] }).header.voxelSizeZyx).toEqual([5, 5, 5])
  })

  it('takes an origin that is not a number as zero, with a warning', () => {
    const words = { origin: [Number.NaN, 1, 2], nstart: [1, 1, 1] }
    expect(start(words)).toEqual([10, 10, 10])
    expect(codes(words)).toContain('origin_invalid')
  })

  it('warns of angles that are not 90°, and not of 0 for "left out"', () => {
    expect(codes({ angles: [90, 94.3, 90] })).toContain('cell_not_orthogonal')
    expect(codes({ angles: [Number.NaN, 90, 90] })).toContain('cell_not_orthogonal')
    expect(codes({ angles: [0, 0, 0] })).not.toContain('cell_not_orthogonal')
  })

  it('shows no NaN in the header that becomes JSON', () => {
    const { header } = parsed({ cell: [Number.NaN, 1, 1], origin: [Number.NaN, 0, 0], angles: [Number.NaN, 0, 0] })
    expect(JSON.stringify(header.raw)).not.toContain('NaN')
  })
})

describe('extended headers and length', () => {
  for (const nsymbt of [1, 80, 160, 1023, 1024, 98304])
    it(`finds the voxels after an extended header of ${nsymbt} bytes`, async () => {
      const body = new Uint8Array(nsymbt + 2 * VOXELS)
      body.fill(0xee, 0, nsymbt)
      body.set(int16Bytes(COUNTING), nsymbt)
      expect([...(await opened({ nsymbt, exttyp: 'FEI1', body }).readSlab(0, 3))]).toEqual(COUNTING)
    })

  it('refuses negative and huge extended headers', async () => {
    expect(await codeOf(() => parsed({ nsymbt: -1 }))).toBe('format_header_invalid')
    expect(await codeOf(() => opened({ nsymbt: 2 ** 31 - 1, body: int16Bytes(COUNTING) }))).toBe('format_truncated')
  })

  it('refuses sizes below one and sizes that no file holds', async () => {
    for (const n of [
      [0, 5, 3],
      [-7, 5, 3],
      [7, 5, -3],
      [2 ** 31 - 1, 5, 3],
    ])
      expect(await codeOf(() => parsed({ n })), `${n}`).toBe('format_header_invalid')
    expect(await codeOf(() => parsed({ n: [999_999, 999_999, 999_999] }))).toBe('format_header_invalid')
    expect(await codeOf(() => opened({ n: [1_000_000, 1_000_000, 1] }))).toBe('format_truncated')
  })

  it('says truncated for one byte less, and warns of bytes after the voxels', async () => {
    expect(await codeOf(() => opened({ body: new Uint8Array(2 * VOXELS - 1) }))).toBe('format_truncated')
    expect(await codeOf(() => parseMrc('a.mrc', new Uint8Array(1023), 1023))).toBe('format_truncated')
    const { header } = opened({ body: new Uint8Array(2 * VOXELS + 3) })
    expect(header.warnings.map(({ code }) => code)).toContain('trailing_bytes')
  })
})

describe('stacks', () => {
  const stack = { n: [7, 5, 6], m: [7, 5, 3], cell: [70, 50, 30], ispg: 401 }

  it('reads the first volume of a stack of volumes and hashes them all', async () => {
    const values = Array.from({ length: 2 * VOXELS }, (_, i) => i)
    const volume = opened({ ...stack, body: int16Bytes(values) })
    expect(volume.header).toMatchObject({ shapeZyx: [3, 5, 7], numVolumes: 2, voxelSizeZyx: [10, 10, 10] })
    expect(volume.header.warnings.map(({ code }) => code)).toContain('volume_stack')
    expect([...(await volume.readSlab(0, 3))]).toEqual(values.slice(0, VOXELS))
    const all: number[] = []
    for await (const chunk of volume.allVoxels()) all.push(...(chunk as Int16Array))
    expect(all).toEqual(values)
  })

  it('hashes every volume of a stack whose rows and columns are exchanged, or whose voxels have 4 bits', async () => {
    const values = Array.from({ length: 2 * VOXELS }, (_, i) => i)
    for (const words of [
      { ...stack, mapcrs: [2, 1, 3], body: int16Bytes(values) },
      { ...stack, mode: 101, body: new Uint8Array(120) },
    ]) {
      let count = 0
      for await (const chunk of opened(words).allVoxels()) count += chunk.length
      expect(count).toBe(2 * VOXELS)
    }
  })

  it('reads one volume with a warning where mz does not divide the sections', () => {
    for (const mz of [4, 0, -3]) {
      const { header } = parsed({ ...stack, m: [7, 5, mz] })
      expect(header.shapeZyx).toEqual([6, 5, 7])
      expect(header.warnings.map(({ code }) => code)).toContain('volume_stack_invalid')
    }
  })

  it('refuses a stack of volumes whose sections do not run along z', async () => {
    expect(await codeOf(() => parsed({ ...stack, n: [6, 5, 6], mapcrs: [3, 2, 1] }))).toBe('format_unsupported')
  })

  it('calls a stack of images that, but not a single image', () => {
    expect(codes({ ispg: 0 })).toContain('image_stack')
    expect(codes({ ispg: 0, n: [7, 5, 1] })).not.toContain('image_stack')
  })
})
