import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { int16Bytes, type MrcWords, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { gifFile } from '../../../shared/formats/gif.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import { writeMovie } from '../../../shared/node/write-movie.ts'
import { problemOfCommand, runCommand } from '../../test/run-command.ts'
import { movieCommand } from './movie.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-movie-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Frames of a GIF as its specification says they are read. */
function readGif(gif: Uint8Array) {
  const short = (at: number) => gif[at] + gif[at + 1] * 256
  const palette = gif.subarray(13, 13 + 768)
  const frames: Uint8Array[] = []
  let at = 13 + 768
  const data = () => {
    const parts: number[] = []
    while (gif[at] !== 0) {
      parts.push(...gif.subarray(at + 1, at + 1 + gif[at]))
      at += gif[at] + 1
    }
    at++
    return parts
  }
  while (gif[at] !== 0x3b) {
    if (gif[at] === 0x21) {
      at += 2
      data()
    } else {
      expect(gif[at]).toBe(0x2c)
      at += 11
      frames.push(unpack(data()))
    }
  }
  expect(at).toBe(gif.length - 1)
  return { width: short(6), height: short(8), palette, frames }
}

function unpack(data: number[]): Uint8Array {
  const out: number[] = []
  let [table, size, at, before]: [number[][], number, number, number[] | null] = [[], 9, 0, null]
  for (;;) {
    let code = 0
    for (let bit = 0; bit < size; bit++, at++) code |= ((data[at >> 3] >> (at & 7)) & 1) << bit
    if (code === 257) return Uint8Array.from(out)
    if (code === 256) {
      table = [...Array.from({ length: 256 }, (_, i) => [i]), [], []]
      ;[size, before] = [9, null]
      continue
    }
    const entry: number[] = table[code] ?? (before ? [...before, before[0]] : [])
    if (entry.length === 0) throw new Error(`code ${code} is unknown`)
    out.push(...entry)
    if (before && table.length < 4096) table.push([...before, entry[0]])
    if (table.length === 2 ** size && size < 12) size++
    before = entry
  }
}

// x, y, z of 30 × 20 × 4 voxels of 10 Å.
function put(name: string, value: (x: number, y: number, z: number) => number, words: MrcWords = {}): string {
  const values = Array.from({ length: 2400 }, (_, i) => value(i % 30, Math.floor(i / 30) % 20, Math.floor(i / 600)))
  const file = path.join(folder, name)
  writeFileSync(file, mrcBytes({ n: [30, 20, 4], cell: [300, 200, 40], body: int16Bytes(values), ...words }))
  return file
}

const volume = put('volume.mrc', (x) => x)
const mask = put('mask.mrc', (x, y, z) => (z === 2 && x > 20 && y > 10 ? 1 : 0))
const out = path.join(folder, 'movie.gif')

it('packs pixels so that they come back, past the largest table', async () => {
  let seed = 1
  const noise = Uint8Array.from({ length: 200 * 150 }, () => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed >> 16
  })
  const frames = [noise, noise.map((_, i) => (i >> 9) & 3), new Uint8Array(30_000), noise.map((value) => value & 1)]
  const parts: Uint8Array[] = []
  const look = { width: 200, height: 150, palette: new Uint8Array(768), delay: 10, comment: 'x' }
  const given = async function* () {
    yield* frames
  }
  for await (const part of gifFile(look, given())) parts.push(part)
  const read = readGif(Buffer.concat(parts))
  expect([read.width, read.height, read.frames.length]).toEqual([200, 150, 4])
  for (const [index, frame] of frames.entries()) expect(Buffer.compare(read.frames[index], frame)).toBe(0)
})

it('shows every slice, y up, the mask where it is, and a scale bar', async () => {
  await runCommand(movieCommand, [volume, out, '--mask', mask, '--size', '300'])
  const { width, height, palette, frames } = readGif(readFileSync(out))
  expect([width, height, frames.length]).toEqual([300, 200, 4])
  const color = (z: number, x: number, y: number) => [
    ...palette.subarray(frames[z][(199 - y * 10 - 5) * 300 + x * 10 + 5] * 3).subarray(0, 3),
  ]
  const isGrey = ([red, green, blue]: number[]) => red === green && green === blue
  expect(isGrey(color(2, 25, 15))).toBe(false)
  for (const [z, x, y] of [
    [1, 25, 15],
    [2, 25, 5],
    [2, 15, 15],
  ])
    expect(isGrey(color(z, x, y))).toBe(true)
  expect(color(0, 29, 18)[0]).toBeGreaterThan(color(0, 1, 18)[0] + 200)
  // 30 nm are shown: a bar of 5 nm, 50 pixels.
  const row = [...frames[0].subarray(194 * 300, 194 * 300 + 100)]
  expect(row.slice(4, 54).every((value) => value === 127)).toBe(true)
  expect([row[3], row[54]]).not.toContain(127)
  expect(JSON.parse(readFileSync(`${out}.provenance.json`, 'utf8'))).toMatchObject({ frames: 4, mask: {} })
})

it('leaves the bar out where the size is unknown, and nothing where it was ended', async () => {
  const unknown = put('unknown.mrc', () => 5, { cell: [0, 0, 0] })
  await runCommand(movieCommand, [unknown, out])
  expect(new Set(readGif(readFileSync(out)).frames[0]).size).toBe(1)
  const source = await openVolumeFile(volume)
  const never = path.join(folder, 'never.gif')
  const stop = new AbortController()
  const movie = { volume: source, mask: null, framesPerSecond: 10, longestPx: 64, signal: stop.signal }
  const ended = writeMovie(never, { ...movie, onProgress: (done) => done === 2 && stop.abort() })
  await expect(ended).rejects.toMatchObject({ code: 'canceled' })
  await source.close()
  expect([never, `${never}.partial`].map((file) => existsSync(file))).toEqual([false, false])
})

it('refuses what it cannot make', async () => {
  const other = path.join(folder, 'other.mrc')
  writeFileSync(other, mrcBytes({ n: [3, 5, 7], body: int16Bytes(new Array(105).fill(1)) }))
  const of = (...words: string[]) => problemOfCommand(movieCommand, words)
  expect(await of(volume, out, '--mask', other)).toMatch(/^mask_grid_differs/)
  const coarse = put('coarse.mrc', () => 1, { cell: [800, 600, 400] })
  expect(await of(volume, out, '--mask', coarse)).toMatch(/^mask_grid_differs: coarse.mrc .*its voxels are/)
  const [placed, moved] = [100, 500].map((x) => put(`at-${x}.mrc`, () => 1, { origin: [x, 100, 100] }))
  expect(await of(placed, out, '--mask', moved)).toMatch(/^mask_grid_differs: at-500.mrc .*begins/)
  expect(await of(placed, out, '--mask', moved, '--ignore-place')).toBe('ok')
  for (const [name, words] of [
    ['VOLUME', [`${folder}/own.gif`, `${folder}/own.gif`]],
    ['--mask', [volume, `${folder}/own.gif`, '--mask', `${folder}/own.gif`]],
  ] as const) {
    copyFileSync(volume, `${folder}/own.gif`)
    expect(await of(...words)).toMatch(new RegExp(`^usage: ${name} and OUT are the same file`))
    expect(readFileSync(`${folder}/own.gif`)).toEqual(readFileSync(volume))
  }
  expect(await of(volume, path.join(folder, 'movie.mp4'))).toMatch(/^usage/)
  expect(await of(volume, out, '--size', '100000')).toMatch(/^usage/)
  expect(await of(volume, out, '--mask', path.join(folder, 'gone.mrc'))).toMatch(/^file_not_found/)
})
