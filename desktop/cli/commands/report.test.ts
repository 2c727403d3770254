import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { inflateSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { int16Bytes, type MrcWords, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { scaleBar } from '../../../shared/formats/scale-bar.ts'
import { problemOfCommand, runCommand } from '../../test/run-command.ts'
import { reportCommand } from './report.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-report-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// x, y, z of 40 × 30 × 20 voxels of 10, 10 and 20 Å.
const [NX, NY, NZ] = [40, 30, 20]
const LABEL_3 = (x: number, y: number, z: number) => (x >= 4 && x < 14 && y >= 20 && y < 28 && z === 15 ? 3 : 0)

function put(name: string, value: (x: number, y: number, z: number) => number, words: MrcWords = {}): string {
  const file = path.join(folder, name)
  const values = Array.from({ length: NX * NY * NZ }, (_, i) =>
    value(i % NX, Math.floor(i / NX) % NY, Math.floor(i / (NX * NY))),
  )
  const cell: [number, number, number] = [NX * 10, NY * 10, NZ * 20]
  writeFileSync(file, mrcBytes({ n: [NX, NY, NZ], cell, body: int16Bytes(values), ...words }))
  return file
}

const volume = put('a<script>&"b.mrc', (x, y) => (x * 7 + y * 3) % 50)
const mask = put('mask.mrc', LABEL_3)

async function report(maskFile: string, volumeFile = volume) {
  const out = path.join(folder, 'report.html')
  await runCommand(reportCommand, [maskFile, '--volume', volumeFile, '--out', out])
  return readFileSync(out, 'utf8')
}

/** Pixels of the nth picture. */
function picture(html: string, index: number) {
  const png = Buffer.from([...html.matchAll(/base64,([^"]+)"/g)][index][1], 'base64')
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const at = png.indexOf('IDAT')
  const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))
  const pixel = (x: number, y: number) => [...rows.subarray(y * (1 + width * 3) + 1 + x * 3).subarray(0, 3)]
  return { width, height, pixel }
}

const isGrey = ([red, green, blue]: number[]) => red === green && green === blue

describe('report', () => {
  it('draws the mask where it is, y up, in the slice that holds most of it', async () => {
    const html = await report(mask)
    expect(html).toContain('XY, z = 15')
    const { width, height, pixel } = picture(html, 0)
    expect([width, height]).toEqual([900, 675])
    const at = (x: number, y: number) => pixel(Math.floor((x + 0.5) * 22.5), Math.floor((NY - y - 0.5) * 22.5))
    for (const [x, y] of [
      [4, 20],
      [13, 27],
      [9, 24],
    ])
      expect(isGrey(at(x, y))).toBe(false)
    for (const [x, y] of [
      [3, 20],
      [14, 27],
      [9, 19],
      [9, 28],
      [9, 5],
    ])
      expect(isGrey(at(x, y))).toBe(true)
    // x and z have one length in space: 40 · 10 Å and 20 · 20 Å.
    expect(picture(html, 1)).toMatchObject({ width: 900, height: 900 })
  })

  it('gives measures, a scale bar of the right length, and the provenance', async () => {
    const html = await report(mask)
    expect(html).toMatch(/label 3 \(3\)<\/td><td>80<\/td><td>0\.333 %<\/td><td>160<\/td>/)
    // A quarter of 40 nm is 10 nm: 225 of 900 pixels.
    expect(html).toContain('width="225.00"')
    expect(html).toContain('>10 nm<')
    expect(html).toMatch(/&quot;sha256&quot;: &quot;[0-9a-f]{64}/)
    const beside = JSON.parse(readFileSync(path.join(folder, 'report.html.provenance.json'), 'utf8'))
    expect(beside).toMatchObject({ input: { filename: 'mask.mrc' }, volume: { filename: path.basename(volume) } })
  })

  it('escapes names, and reaches for nothing outside', async () => {
    const html = await report(mask)
    expect(html).not.toContain('<script')
    expect(html).toContain('a&lt;script&gt;&amp;&quot;b.mrc')
    expect(html).not.toMatch(/(src|href)="(?!data:)/)
  })

  it('says what an empty mask and an unknown voxel size leave open', async () => {
    const empty = await report(put('empty.mrc', () => 0))
    expect(empty).toContain('The mask is empty')
    expect(empty).toContain('XY, z = 10')
    const words = { cell: [0, 0, 0] } as MrcWords
    const unknown = await report(
      put('mask-u.mrc', LABEL_3, words),
      put('volume-u.mrc', (x) => x, words),
    )
    expect(unknown).not.toContain('<rect')
    expect(unknown).toContain('unknown')
    expect(unknown).toMatch(/<td>80<\/td><td>0\.333 %<\/td><td>–<\/td>/)
  })

  it('refuses a mask of another voxel size or place, unless told to look at voxels alone', async () => {
    const out = path.join(folder, 'placed.html')
    const of = (maskFile: string, volumeFile: string, ...words: string[]) =>
      problemOfCommand(reportCommand, [maskFile, '--volume', volumeFile, '--out', out, ...words])
    const coarse = put('coarse.mrc', LABEL_3, { cell: [NX * 20, NY * 20, NZ * 40] })
    expect(await of(coarse, volume)).toMatch(/^mask_grid_differs: .*20 × 20 × 40 angstrom .*10 × 10 × 20 angstrom/)
    expect(await of(coarse, volume, '--ignore-place')).toMatch(/^mask_grid_differs/)
    const placed = put('placed.mrc', LABEL_3, { origin: [100, 100, 100] })
    const moved = put('moved.mrc', LABEL_3, { origin: [100, 100, 140] })
    expect(await of(moved, placed)).toMatch(/^mask_grid_differs: moved.mrc .*begins 0, 0, 2 voxels/)
    expect(existsSync(out)).toBe(false)
    expect(await of(moved, placed, '--ignore-place')).toBe('ok')
    expect(await of(placed, volume)).toBe('ok')
    expect(await of(put('unknown-size.mrc', LABEL_3, { cell: [0, 0, 0] }), volume)).toBe('ok')
  })

  it('compares voxel sizes across units, and directions', async () => {
    const out = path.join(folder, 'placed.html')
    const nrrd = (name: string, unit: string, direction: number) => {
      const lines = [
        ...['NRRD0005', 'type: uint8', 'dimension: 3', 'space: RAS', `sizes: ${NX} ${NY} ${NZ}`, 'encoding: raw'],
        ...[`space directions: (${direction},0,0) (0,1,0) (0,0,2)`, `space units: "${unit}" "${unit}" "${unit}"`],
        ...['space origin: (0,0,0)', '', ''],
      ]
      const file = path.join(folder, name)
      writeFileSync(file, Buffer.concat([Buffer.from(lines.join('\n')), Buffer.alloc(NX * NY * NZ, 1)]))
      return file
    }
    const of = (maskFile: string, volumeFile: string) =>
      problemOfCommand(reportCommand, [maskFile, '--volume', volumeFile, '--out', out])
    const one = nrrd('nm.nrrd', 'nm', 1)
    expect(await of(one, volume)).toBe('ok')
    expect(await of(nrrd('mm.nrrd', 'mm', 1), volume)).toMatch(/^mask_grid_differs: .*1 × 1 × 2 mm/)
    expect(await of(nrrd('flipped.nrrd', 'nm', -1), one)).toMatch(/^mask_grid_differs: .*axes/)
  })

  it('never writes over the volume or the mask, whatever they are called', async () => {
    const [ownVolume, ownMask] = ['volume.html', 'mask.html'].map((name) => path.join(folder, name))
    copyFileSync(volume, ownVolume)
    copyFileSync(mask, ownMask)
    const of = (...words: string[]) => problemOfCommand(reportCommand, words)
    expect(await of(mask, '--volume', ownVolume, '--out', ownVolume)).toMatch(/^usage: --volume and --out are the same/)
    expect(await of(ownMask, '--volume', volume, '--out', ownMask)).toMatch(/^usage: MASK and OUT are the same/)
    expect(readFileSync(ownVolume)).toEqual(readFileSync(volume))
    expect(readFileSync(ownMask)).toEqual(readFileSync(mask))
  })

  it('refuses a mask of another grid, and no mask', async () => {
    const other = put('other.mrc', () => 1, { n: [NX, NZ, NY] })
    const out = path.join(folder, 'never.html')
    const of = (...words: string[]) => problemOfCommand(reportCommand, words)
    expect(await of(other, '--volume', volume, '--out', out)).toMatch(/^mask_grid_differs/)
    expect(await of('--volume', volume, '--out', out)).toMatch(/^usage/)
    expect(await of(path.join(folder, 'gone.mrc'), '--volume', volume, '--out', out)).toMatch(/^file_not_found/)
    expect(await of(mask, '--volume', volume, '--out', path.join(folder, 'no', 'a.html'))).toMatch(/^file_unwritable/)
    expect(existsSync(out)).toBe(false)
  })
})

it('makes bars of round lengths in the unit that people use', () => {
  expect(scaleBar(4000, 'angstrom')).toEqual({ length: 1000, text: '100 nm' })
  expect(scaleBar(0.9, 'um')).toMatchObject({ text: '200 nm' })
  expect(scaleBar(181, 'mm')).toMatchObject({ length: expect.closeTo(20, 6), text: '20 mm' })
  expect(scaleBar(3, 'angstrom')).toMatchObject({ text: '0.5 Å' })
  expect(scaleBar(100, null)).toBeNull()
  expect(scaleBar(Number.NaN, 'nm')).toBeNull()
})
