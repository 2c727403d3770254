import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { int16Bytes, type MrcWords, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { type NiftiFields, writeNiftiFields } from '../../../shared/formats/nifti/nifti-fields.ts'
import type { Command } from '../command.ts'
import { convertCommand } from './convert.ts'
import { infoCommand } from './info.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-convert-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let counter = 0
const fresh = (ending: string) => path.join(folder, `${++counter}${ending}`)

const VALUES = Array.from({ length: 105 }, (_, i) => i * 3 - 100)

/** Runs a command and gives what it wrote; a refusal is thrown. */
async function run(command: Command, ...args: string[]): Promise<{ out: string[]; err: string[] }> {
  const out: string[] = []
  const err: string[] = []
  await command.run(args, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    isTerminal: false,
    progress: () => undefined,
    line: () => undefined,
    signal: new AbortController().signal,
  })
  return { out, err }
}

async function problem(command: Command, ...args: string[]): Promise<{ code: string; text: string }> {
  try {
    await run(command, ...args)
  } catch (error) {
    if (error instanceof DomainError) return { code: error.code, text: `${error.message} ${error.hint}` }
    throw error
  }
  return { code: 'ok', text: '' }
}

const info = async (file: string, ...more: string[]) =>
  JSON.parse((await run(infoCommand, file, '--json', ...more)).out[0])

function put(ending: string, bytes: Uint8Array): string {
  const file = fresh(ending)
  writeFileSync(file, bytes)
  return file
}

const mrc = (words: MrcWords = {}) => put('.mrc', mrcBytes({ body: int16Bytes(VALUES), ...words }))
const nifti = (data: Uint8Array, changes: NiftiFields = {}) => {
  const fields = {
    ...{ sizeof_hdr: 348, magic: 'n+1', dim: [3, 7, 5, 3, 1, 1, 1, 1], pixdim: [1, 2, 3, 4, 1, 1, 1, 1] },
    ...{ datatype: 4, bitpix: 16, vox_offset: 352, scl_slope: 1, xyzt_units: 2, sform_code: 1 },
    ...{ srow_x: [2, 0, 0, 1], srow_y: [0, 3, 0, 2], srow_z: [0, 0, 4, 3] },
    ...changes,
  }
  const head = writeNiftiFields(fields, 1)
  return put('.nii', Buffer.concat([head, Buffer.alloc(Math.max(0, 352 - head.length)), data]))
}
const bytesOf = (array: Float32Array | Float64Array | BigUint64Array) => new Uint8Array(array.buffer)
const float64 = (values: number[]) => nifti(bytesOf(Float64Array.from(values)), { datatype: 64, bitpix: 64 })
const filled = (value: number) => VALUES.map(() => value)

describe('info', () => {
  it('gives the members the form names, in JSON, and nothing else', async () => {
    const { out, err } = await run(infoCommand, mrc(), '--json')
    expect([out.length, err]).toEqual([1, []])
    const found = JSON.parse(out[0])
    expect(Object.keys(found)).toEqual([
      'format',
      'shape_zyx',
      'dtype',
      'voxel_size_zyx',
      'unit',
      'stats',
      'sha256',
      'warnings',
      'header',
    ])
    expect(found).toMatchObject({ format: 'mrc', shape_zyx: [3, 5, 7], dtype: 'int16', unit: 'angstrom' })
    expect(found.voxel_size_zyx).toEqual([10, 10, 10])
    expect(Object.keys(found.stats)).toEqual(['min', 'max', 'mean', 'std', 'nonfinite'])
    expect(found.stats).toMatchObject({ min: -100, max: 212, mean: 56, nonfinite: 0 })
    expect(found.stats.std).toBeCloseTo(3 * Math.sqrt((105 ** 2 - 1) / 12), 9)
    expect(found.sha256).toMatch(/^[0-9a-f]{64}$/)
  })

  it('adds affine and shape_xyz for NIfTI, scaled statistics and stored type', async () => {
    const found = await info(nifti(int16Bytes(VALUES), { scl_slope: 2, scl_inter: 1 }))
    expect(found.affine).toEqual([
      [2, 0, 0, 1],
      [0, 3, 0, 2],
      [0, 0, 4, 3],
      [0, 0, 0, 1],
    ])
    expect(found.shape_xyz).toEqual([7, 5, 3])
    expect(found).toMatchObject({ dtype: 'int16', unit: 'mm', stats: { min: -199, max: 425 } })
  })

  it('says null for an unknown voxel size and for statistics of nothing but NaN', async () => {
    expect(await info(mrc({ cell: [0, 0, 0] }))).toMatchObject({ voxel_size_zyx: null, unit: null })
    const nan = nifti(bytesOf(Float32Array.from(filled(Number.NaN))), { datatype: 16, bitpix: 32 })
    expect((await info(nan)).stats).toEqual({ min: null, max: null, mean: null, std: null, nonfinite: 105 })
  })

  it('shows the first volume of 4-D data and stacks, all sizes in the header, a hash over all', async () => {
    const two = int16Bytes([...VALUES, ...VALUES.map((value) => value + 1000)])
    const found = await info(nifti(two, { dim: [4, 7, 5, 3, 2, 1, 1, 1] }))
    expect(found).toMatchObject({ shape_zyx: [3, 5, 7], shape_xyz: [7, 5, 3], stats: { max: 212 } })
    expect(found.header).toMatchObject({ dim: [4, 7, 5, 3, 2, 1, 1, 1], num_volumes: 2 })
    const stack = await info(mrc({ n: [7, 5, 6], m: [7, 5, 3], ispg: 401, body: two }))
    expect(stack).toMatchObject({ shape_zyx: [3, 5, 7], stats: { max: 212 }, sha256: found.sha256 })
    expect(stack.warnings.map((one: { code: string }) => one.code)).toContain('volume_stack')
  })

  it('reads mode 0 as --mode0 says', async () => {
    const file = mrc({ mode: 0, body: new Uint8Array(105).fill(200), dminMaxMean: [0, 200, 100] })
    expect(await info(file)).toMatchObject({ dtype: 'int8', stats: { min: -56 } })
    expect(await info(file, '--mode0', 'unsigned')).toMatchObject({ dtype: 'uint8', stats: { min: 200 } })
    expect(await problem(infoCommand, file, '--mode0', 'maybe')).toMatchObject({ code: 'usage' })
  })

  it('prints lines for people without --json, with every warning', async () => {
    const { out } = await run(infoCommand, mrc({ cell: [0, 0, 0] }))
    expect(out.join('\n')).toMatch(/Shape\s+3 × 5 × 7/)
    expect(out.join('\n')).toMatch(/Voxel size\s+unknown/)
    expect(out.some((line) => line.startsWith('Warning'))).toBe(true)
  })
})

describe('convert', () => {
  it('keeps type and values in every format that can hold them', async () => {
    const source = mrc()
    const { sha256 } = await info(source)
    for (const ending of ['.nii', '.nii.gz', '.nrrd', '.mrc', '.rec', '.MAP']) {
      const out = fresh(ending)
      await run(convertCommand, source, out)
      expect(await info(out)).toMatchObject({ dtype: 'int16', sha256, shape_zyx: [3, 5, 7] })
      expect(existsSync(`${out}.partial`)).toBe(false)
    }
  })

  it('refuses float64 and 64-bit integers for MRC and names --dtype', async () => {
    const big = nifti(bytesOf(BigUint64Array.from(VALUES, () => 7n)), { datatype: 1280, bitpix: 64 })
    for (const source of [float64(filled(0.5)), big]) {
      const out = fresh('.mrc')
      const { code, text } = await problem(convertCommand, source, out)
      expect(code).toBe('dtype_not_supported_by_format')
      expect(text).toContain('--dtype')
      expect(existsSync(out)).toBe(false)
    }
  })

  it('writes the type that --dtype names, and refuses types that are none', async () => {
    const out = fresh('.mrc')
    await run(convertCommand, float64(filled(0.5)), out, '--dtype', 'float32')
    expect(await info(out)).toMatchObject({ dtype: 'float32', stats: { min: 0.5, max: 0.5 } })
    for (const dtype of ['float64', 'int64', 'complex64', '__proto__'])
      expect((await problem(convertCommand, mrc(), fresh('.mrc'), '--dtype', dtype)).code).toBe(
        'dtype_not_supported_by_format',
      )
  })

  it('writes scaled values as float32 where slope and intercept cannot be held, and keeps them where they can', async () => {
    const source = nifti(int16Bytes(VALUES), { scl_slope: 0.5, scl_inter: 10 })
    const wanted = { min: -40, max: 116 }
    for (const ending of ['.mrc', '.nrrd']) {
      const out = fresh(ending)
      await run(convertCommand, source, out)
      expect(await info(out)).toMatchObject({ dtype: 'float32', stats: wanted })
    }
    const same = fresh('.nii')
    await run(convertCommand, source, same)
    expect(await info(same)).toMatchObject({ dtype: 'int16', stats: wanted })
    const other = fresh('.nii')
    await run(convertCommand, source, other, '--dtype', 'float64')
    expect(await info(other)).toMatchObject({ dtype: 'float64', stats: wanted })
  })

  it('refuses values outside the type, NaN in whole numbers, and too large floats; leaves no file', async () => {
    const cases: [string, string, string][] = [
      [mrc(), '.nii', 'uint8'],
      [mrc(), '.nii', 'uint64'],
      [mrc(), '.mrc', 'int8'],
      [float64(filled(Number.NaN)), '.nii', 'int16'],
      [float64(filled(Number.POSITIVE_INFINITY)), '.nrrd', 'int32'],
      [float64(filled(1e39)), '.mrc', 'float32'],
      [float64(filled(2 ** 63)), '.nii', 'int64'],
      [float64(filled(2 ** 64)), '.nii', 'uint64'],
    ]
    for (const [source, ending, dtype] of cases) {
      const out = fresh(ending)
      const { code, text } = await problem(convertCommand, source, out, '--dtype', dtype)
      expect(code, `${ending} ${dtype}`).toBe('dtype_range')
      expect(text).toContain('--dtype')
      expect([existsSync(out), existsSync(`${out}.partial`)]).toEqual([false, false])
    }
  })

  it('keeps NaN in floats, rounds to whole numbers, and keeps 64-bit integers exact', async () => {
    const out = fresh('.mrc')
    await run(
      convertCommand,
      float64(VALUES.map((value, i) => (i === 3 ? Number.NaN : value))),
      out,
      '--dtype',
      'float32',
    )
    expect((await info(out)).stats.nonfinite).toBe(1)
    const rounded = fresh('.nii')
    await run(convertCommand, float64(filled(1.6)), rounded, '--dtype', 'int16')
    expect((await info(rounded)).stats).toMatchObject({ min: 2, max: 2 })
    const big = nifti(bytesOf(BigUint64Array.from(VALUES, () => 2n ** 53n + 1n)), { datatype: 1280, bitpix: 64 })
    const copy = fresh('.nrrd')
    await run(convertCommand, big, copy)
    expect((await info(copy)).sha256).toBe((await info(big)).sha256)
  })

  it('reads half floats and 4-bit voxels into types that other formats have', async () => {
    const half = mrc({ mode: 12, body: int16Bytes(filled(0x3c00)) })
    expect(await problem(convertCommand, half, fresh('.nii'))).toMatchObject({ code: 'dtype_not_supported_by_format' })
    const out = fresh('.nii')
    await run(convertCommand, half, out, '--dtype', 'float32')
    expect((await info(out)).stats).toMatchObject({ min: 1, max: 1 })
    const packed = fresh('.nrrd')
    await run(convertCommand, mrc({ mode: 101, body: new Uint8Array(60).fill(0x53) }), packed)
    expect(await info(packed)).toMatchObject({ dtype: 'uint8', stats: { min: 3, max: 5 } })
  })

  it('refuses to write over its own input, also by way of the partial file, and unknown endings', async () => {
    const source = mrc()
    expect(await problem(convertCommand, source, source)).toMatchObject({ code: 'usage' })
    const link = fresh('.mrc')
    symlinkSync(source, link)
    expect(await problem(convertCommand, source, link)).toMatchObject({ code: 'usage' })
    const partial = put('.mrc.partial', mrcBytes({ body: int16Bytes(VALUES) }))
    expect(await problem(convertCommand, partial, partial.replace('.partial', ''))).toMatchObject({ code: 'usage' })
    expect(readFileSync(partial)).toHaveLength(1024 + 210)
    expect(await problem(convertCommand, source, fresh('.tif'))).toMatchObject({ code: 'format_unknown' })
    expect(await problem(convertCommand, source)).toMatchObject({ code: 'usage' })
    expect(await problem(convertCommand, source, fresh('.nii'), '--nonsense')).toMatchObject({ code: 'usage' })
  })

  it('says what the target cannot express', async () => {
    const rotated = nifti(int16Bytes(VALUES), { srow_x: [0, 3, 0, 0], srow_y: [2, 0, 0, 0] })
    const { err } = await run(convertCommand, rotated, fresh('.mrc'))
    expect(err.join(' ')).toMatch(/orientation/)
  })
})

describe('the compiled program', () => {
  const cli = (...args: string[]) =>
    spawnSync(process.execPath, [path.resolve(import.meta.dirname, '../../../build/scripts/cli.mjs'), ...args], {
      encoding: 'utf8',
    })

  it('prints one JSON object and exits with 0, or one problem object on stderr and exits with 2', () => {
    const good = cli('info', mrc(), '--json')
    expect([good.status, JSON.parse(good.stdout).format]).toEqual([0, 'mrc'])
    const bad = cli('info', path.join(folder, 'none.mrc'), '--json')
    expect([bad.status, bad.stdout]).toEqual([2, ''])
    expect(JSON.parse(bad.stderr)).toMatchObject({
      code: 'file_not_found',
      message: expect.any(String),
      hint: expect.any(String),
    })
    const plain = cli('convert', mrc(), path.join(folder, 'a.mrc'), '--dtype', 'int8')
    expect(plain.status).toBe(2)
    expect(plain.stderr).toContain('--dtype')
    expect(plain.stderr).not.toMatch(/\bat .*\.js:/)
    expect(readdirSync(folder)).not.toContain('a.mrc')
  })
})
