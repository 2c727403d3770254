import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { int16Bytes, type MrcWords, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { problemOfCommand, runCommand } from '../../test/run-command.ts'
import { coordinatesCommand } from './coordinates.ts'
import { surfaceCommand } from './surface.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-take-away-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// x, y, z of 20 × 16 × 12 voxels of 10, 20 and 30 Å.
const [NX, NY, NZ] = [20, 16, 12]

/** Label 2 in a box of 8 × 6 × 5 voxels from (3, 4, 2), label 7 in one voxel at (15, 12, 9). */
function maskFile(words: MrcWords = {}): string {
  const file = path.join(folder, 'tomo one.mrc')
  const values: number[] = []
  for (let z = 0; z < NZ; z++)
    for (let y = 0; y < NY; y++)
      for (let x = 0; x < NX; x++) {
        const isBox = x >= 3 && x < 11 && y >= 4 && y < 10 && z >= 2 && z < 7
        values.push(isBox ? 2 : x === 15 && y === 12 && z === 9 ? 7 : 0)
      }
  const cell = [NX * 10, NY * 20, NZ * 30]
  writeFileSync(file, mrcBytes({ n: [NX, NY, NZ], cell, origin: [100, 200, 300], body: int16Bytes(values), ...words }))
  return file
}

const out = (name: string) => path.join(folder, name)
type Triangle = [number[], number[], number[]]

function readStl(file: string): Triangle[] {
  const bytes = readFileSync(file)
  const count = bytes.readUInt32LE(80)
  expect(bytes.length).toBe(84 + 50 * count)
  const point = (at: number) => [0, 4, 8].map((step) => bytes.readFloatLE(at + step))
  return Array.from({ length: count }, (_, i) => {
    const at = 84 + 50 * i + 12
    return [point(at), point(at + 12), point(at + 24)]
  })
}

function readObj(file: string): Triangle[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  const points = lines.filter((line) => line.startsWith('v ')).map((line) => line.split(' ').slice(1).map(Number))
  return lines
    .filter((line) => line.startsWith('f '))
    .map(
      (line) =>
        line
          .split(' ')
          .slice(1)
          .map((corner) => points[Number(corner) - 1]) as Triangle,
    )
}

function readPly(file: string): Triangle[] {
  const bytes = readFileSync(file)
  const end = bytes.indexOf('end_header\n') + 'end_header\n'.length
  const head = bytes.toString('latin1', 0, end)
  const [points, faces] = ['vertex', 'face'].map((name) =>
    Number(head.match(new RegExp(`element ${name} (\\d+)`))?.[1]),
  )
  const point = (i: number) => [0, 4, 8].map((step) => bytes.readFloatLE(end + 17 * i + step))
  return Array.from({ length: faces }, (_, i) => {
    const at = end + 17 * points + 13 * i
    expect(bytes[at]).toBe(3)
    return [1, 5, 9].map((step) => point(bytes.readUInt32LE(at + step))) as Triangle
  })
}

/** Enclosed volume; positive when the triangles are counter-clockwise seen from outside. */
function volumeOf(triangles: readonly Triangle[], [ox, oy, oz]: readonly number[]): number {
  const inner = triangles.map((triangle) => triangle.map(([x, y, z]) => [x - ox, y - oy, z - oz]))
  const sum = inner.reduce(
    (total, [a, b, c]) =>
      total +
      a[0] * (b[1] * c[2] - b[2] * c[1]) +
      a[1] * (b[2] * c[0] - b[0] * c[2]) +
      a[2] * (b[0] * c[1] - b[1] * c[0]),
    0,
  )
  return sum / 6
}

function bounds(triangles: readonly Triangle[]): number[][] {
  const points = triangles.flat()
  return [0, 1, 2].map((axis) => {
    const along = points.map((point) => point[axis])
    return [Math.min(...along), Math.max(...along)]
  })
}

describe('surface', () => {
  it.each([
    ['surface.stl', readStl],
    ['surface.obj', readObj],
    ['surface.ply', readPly],
  ])('is in ångström at the place of the voxels, and closed around their volume: %s', async (name, read) => {
    await runCommand(surfaceCommand, [maskFile(), out(name), '--label', '2'])
    const triangles = read(out(name))
    expect(bounds(triangles)).toEqual([
      [100 + 2.5 * 10, 100 + 10.5 * 10],
      [200 + 3.5 * 20, 200 + 9.5 * 20],
      [300 + 1.5 * 30, 300 + 6.5 * 30],
    ])
    // Edges and corners are cut at half a voxel: 8 × 6 × 5 voxels lose 7.7 of 240.
    expect(volumeOf(triangles, [100, 200, 300]) / (240 * 6000)).toBeGreaterThan(0.95)
    expect(volumeOf(triangles, [100, 200, 300]) / (240 * 6000)).toBeLessThan(1)
    const provenance = JSON.parse(readFileSync(`${out(name)}.provenance.json`, 'utf8'))
    expect(provenance).toMatchObject({
      program: { name: 'cryomamba' },
      file: name,
      input: { filename: 'tomo one.mrc', unit: 'angstrom', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      surfaces: [{ label: 2, triangles: triangles.length }],
    })
  })

  it('writes all labels that occur, each with its own name', async () => {
    const lines = await runCommand(surfaceCommand, [maskFile(), out('all.obj')])
    expect(lines).toHaveLength(2)
    expect(readFileSync(out('all.obj'), 'utf8').match(/^o .*/gm)).toEqual(['o label_2', 'o label_7'])
    expect(volumeOf(readObj(out('all.obj')), [100, 200, 300])).toBeGreaterThan(0)
  })

  it('says of an empty mask that it is empty', async () => {
    const empty = out('empty.mrc')
    writeFileSync(empty, mrcBytes({ body: int16Bytes(new Array(105).fill(0)) }))
    expect(await problemOfCommand(surfaceCommand, [empty, out('empty.stl')])).toBe(
      'label_absent: The mask is empty: every voxel is background.',
    )
  })

  it('refuses a label that is not there, another ending and wrong arguments', async () => {
    expect(await problemOfCommand(surfaceCommand, [maskFile(), out('no.stl'), '--label', '3'])).toMatch(/^label_absent/)
    expect(await problemOfCommand(surfaceCommand, [maskFile(), out('no.vtk')])).toMatch(/^format_unknown/)
    expect(await problemOfCommand(surfaceCommand, [maskFile()])).toMatch(/^usage/)
    expect(await problemOfCommand(surfaceCommand, [maskFile(), out('no.stl'), '--label', '0'])).toMatch(/^usage/)
    expect(existsSync(out('no.stl'))).toBe(false)
  })

  it.each([
    ['own.stl', surfaceCommand],
    ['own.csv', coordinatesCommand],
  ])('never writes over its mask, whatever that is called: %s', async (name, command) => {
    const mask = out(name)
    copyFileSync(maskFile(), mask)
    const bytes = readFileSync(mask)
    expect(await problemOfCommand(command, [mask, mask])).toMatch(/^usage: MASK and OUT are the same file/)
    expect(readFileSync(mask)).toEqual(bytes)
  })
})

describe('coordinates', () => {
  it('are a particle table in voxels from 0 and in ångström from the middle', async () => {
    await runCommand(coordinatesCommand, [maskFile(), out('centres.star')])
    const text = readFileSync(out('centres.star'), 'utf8')
    expect(text.match(/^_\w+/gm)).toEqual([
      '_rlnTomoName',
      ...['X', 'Y', 'Z'].map((axis) => `_rlnCoordinate${axis}`),
      ...['X', 'Y', 'Z'].map((axis) => `_rlnCenteredCoordinate${axis}Angst`),
      '_rlnClassNumber',
    ])
    const rows = text.split('\n').filter((line) => line.startsWith('tomo_one '))
    expect(rows.map((row) => row.split(' ').slice(1).map(Number))).toEqual([
      [6.5, 6.5, 4, (6.5 - 10) * 10, (6.5 - 8) * 20, (4 - 6) * 30, 2],
      [15, 12, 9, 50, 80, 90, 7],
    ])
  })

  it('are a table with the place in the world, without small objects', async () => {
    const json = await runCommand(coordinatesCommand, [maskFile(), out('c.csv'), '--smallest-object', '2', '--json'])
    expect(JSON.parse(json[0])).toEqual({ objects: 1 })
    const [head, row, end] = readFileSync(out('c.csv'), 'utf8').split('\n')
    expect(head).toMatch(/^label,object,voxels,volume_nm3,centre_x_voxel,.*centre_x_angstrom/)
    expect(row.split(',').map(Number)).toEqual([2, 1, 240, 1440, 6.5, 6.5, 4, 165, 330, 420, 3, 4, 2, 8, 6, 5])
    expect(end).toBe('')
  })

  it('leave ångström out where the voxel size is unknown', async () => {
    await runCommand(coordinatesCommand, [maskFile({ cell: [0, 0, 0] }), out('u.star'), '--tomogram', 'TS_01'])
    const text = readFileSync(out('u.star'), 'utf8')
    expect(text).not.toContain('Angst')
    expect(text).toContain('TS_01 6.500 6.500 4.000 2')
  })

  it('name each column of the table once where the voxel size is unknown, and leave out what needs it', async () => {
    await runCommand(coordinatesCommand, [maskFile({ cell: [0, 0, 0] }), out('u.csv')])
    const [head, row] = readFileSync(out('u.csv'), 'utf8')
      .split('\n')
      .map((line) => line.split(','))
    const axes = ['x', 'y', 'z']
    expect(head).toEqual([
      ...['label', 'object', 'voxels'],
      ...['centre', 'start', 'size'].flatMap((what) => axes.map((axis) => `${what}_${axis}_voxel`)),
    ])
    expect(row.map(Number)).toEqual([2, 1, 240, 6.5, 6.5, 4, 3, 4, 2, 8, 6, 5])
  })

  it('name the world after no unit where the file names none', async () => {
    const file = out('no-unit.nrrd')
    const lines = [
      'NRRD0004',
      'type: uint8',
      'dimension: 3',
      'sizes: 7 5 3',
      'spacings: 2 2 2',
      'encoding: raw',
      '',
      '',
    ]
    writeFileSync(file, Buffer.concat([Buffer.from(lines.join('\n')), Buffer.alloc(105, 1)]))
    await runCommand(coordinatesCommand, [file, out('no-unit.csv')])
    const [head, row] = readFileSync(out('no-unit.csv'), 'utf8')
      .split('\n')
      .map((line) => line.split(','))
    expect(new Set(head).size).toBe(head.length)
    expect(head).toContain('centre_x_unknown')
    expect(head.filter((name) => name.startsWith('volume'))).toEqual([])
    expect(row[head.indexOf('centre_x_unknown')]).toBe('6')
  })

  it('refuse another ending', async () => {
    expect(await problemOfCommand(coordinatesCommand, [maskFile(), out('c.txt')])).toMatch(/^format_unknown/)
  })
})
