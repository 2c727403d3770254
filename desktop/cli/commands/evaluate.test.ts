import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { int16Bytes, type MrcWords, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { SHARED_DATA } from '../../../build/test-support/shared-data.ts'
import { problemOfCommand, runCommand } from '../../test/run-command.ts'
import { evaluateCommand, evaluateMasks } from './evaluate.ts'

const REAL_MASK = path.join(SHARED_DATA, 'tomograms/tardis-microtubules/crop_b_mask.mrc')
const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-evaluate-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let counter = 0

function put(bytes: Uint8Array): string {
  const file = path.join(folder, `${++counter}.mrc`)
  writeFileSync(file, bytes)
  return file
}

/** A mask of 3 × 5 × 7 voxels of 10 Å; `labels` by voxel index. */
function mask(labels: Record<number, number>, words: MrcWords = {}): string {
  const values = Array.from({ length: 105 }, (_, i) => labels[i] ?? 0)
  return put(mrcBytes({ body: int16Bytes(values), ...words }))
}

const run = (...args: string[]) => runCommand(evaluateCommand, args)
const problem = (...args: string[]) => problemOfCommand(evaluateCommand, args)
const evaluate = async (...args: string[]) => JSON.parse((await run(...args, '--json'))[0])

it('counts, and measures in nm, every label that is in either mask', async () => {
  const found = await evaluate(mask({ 0: 1, 1: 1, 50: 2 }), mask({ 1: 1, 2: 1, 3: 1, 104: 5 }))
  expect(found).toMatchObject({ shape_zyx: [3, 5, 7], voxel_size_zyx: [1, 1, 1], unit: 'nm', tolerance: 2 })
  expect(found.labels).toHaveLength(3)
  expect(found.labels[0]).toMatchObject({
    label: 1,
    counts: { mask: 2, reference: 3, both: 1 },
    dice: 2 / 5,
    iou: 1 / 4,
    precision: 1 / 2,
    recall: 1 / 3,
    surface_dice: 1,
    hd95: 2,
  })
  expect(found.labels[1]).toEqual({
    ...{ label: 2, counts: { mask: 1, reference: 0, both: 0 }, dice: 0, iou: 0, precision: 0, recall: null },
    ...{ surface_dice: 0, hd95: null },
  })
  expect(found.labels[2]).toMatchObject({ label: 5, precision: null, recall: 0, surface_dice: 0, hd95: null })
})

it('takes the tolerance in the unit of its answer and says it in the text', async () => {
  const files = [mask({ 0: 1 }), mask({ 2: 1 })]
  expect((await evaluate(...files, '--tolerance', '1')).labels[0]).toMatchObject({ surface_dice: 0.5, hd95: 2 })
  expect((await run(...files, '--tolerance', '1')).join()).toMatch(/surface Dice within 1 nm 0\.5000, HD95 2\.0000 nm/)
  expect(await run(mask({}), mask({}))).toEqual(['Neither mask has a label.'])
})

it('gives a label that is too large no distances, says why, and measures the others', async () => {
  const files = [mask({ 0: 1, 104: 1, 50: 2, 3: 4, 4: 3 }), mask({ 1: 1, 104: 1, 51: 2, 60: 5, 4: 3 })] as const
  const { labels } = await evaluateMasks(...files, { mostCorners: 12 })
  const all = (await evaluateMasks(...files)).labels
  expect(labels[0]).toEqual({
    ...all[0],
    ...{ surface_dice: null, hd95: null },
    note: 'no distances: the box of 3 × 5 × 7 voxels around the label has 192 corners; with the memory that is free here 12 are measured at most',
  })
  expect(all[0].hd95).toBeGreaterThan(0)
  expect(labels.slice(1)).toEqual(all.slice(1))
  expect(labels[1]).toMatchObject({ label: 2, surface_dice: 1, hd95: 1 })
})

it('needs no distances where masks are the same or one lacks the label, however large it is', async () => {
  const same = mask({ 0: 1, 104: 1 })
  expect((await evaluateMasks(same, same, { mostCorners: 1 })).labels).toMatchObject([{ surface_dice: 1, hd95: 0 }])
  const other = await evaluateMasks(same, mask({}), { mostCorners: 1 })
  expect(other.labels).toMatchObject([{ surface_dice: 0, hd95: null }])
  expect(other.labels[0]).not.toHaveProperty('note')
})

it('refuses other shapes, other voxel sizes, values that are no labels and wrong arguments', async () => {
  const one = mask({ 0: 1 })
  const other = put(mrcBytes({ n: [7, 3, 5], m: [7, 3, 5], body: int16Bytes(new Array(105).fill(1)) }))
  expect(await problem(one, other)).toMatch(/^request_invalid: .*shapes 3 × 5 × 7 and 5 × 3 × 7/)
  expect(await problem(one, mask({ 0: 1 }, { cell: [70.2, 50, 30] }))).toMatch(/^request_invalid: .*voxel sizes/)
  expect(await problem(one, mask({ 0: 1 }, { cell: [0, 0, 0] }))).toMatch(/^request_invalid: .*voxel sizes/)
  expect(await problem(one, mask({ 0: 1 }, { cell: [70.02, 50, 30] }))).toBe('ok')
  expect(await problem(one, mask({ 0: -1 }))).toMatch(/^request_invalid: .*-1/)
  expect(await problem(one)).toMatch(/^usage/)
  expect(await problem(one, one, '--tolerance', 'wide')).toMatch(/^usage/)
})

/** A mask of 3 × 5 × 7 voxels as NRRD, whose x axis runs this way from there. */
function nrrdMask(space: string, x: number, origin: string): string {
  const file = path.join(folder, `${++counter}.nrrd`)
  const lines = [
    ...['NRRD0005', 'type: uint8', 'dimension: 3', `space: ${space}`, 'sizes: 7 5 3', 'encoding: raw'],
    ...[`space directions: (${x},0,0) (0,1,0) (0,0,1)`, 'kinds: domain domain domain', 'space units: "mm" "mm" "mm"'],
    `space origin: (${origin})`,
  ]
  const labels = Uint8Array.from({ length: 105 }, (_, i) => Number(i === 3))
  writeFileSync(file, Buffer.concat([Buffer.from(`${lines.join('\n')}\n\n`), labels]))
  return file
}

it('refuses masks that their files flip or shift against each other, unless told to look at voxels alone', async () => {
  const one = nrrdMask('RAS', 1, '-3,0,0')
  expect(await problem(one, nrrdMask('RAS', 1, '-3,0,0'))).toBe('ok')
  const flipped = nrrdMask('RAS', -1, '3,0,0')
  expect(await problem(one, flipped)).toMatch(/^request_invalid: .*place the same voxel up to 6\.00 voxels apart/)
  expect(await problem(one, nrrdMask('LPS', 1, '-3,0,0'))).toMatch(/^request_invalid: .*apart/)
  expect((await evaluate(one, flipped, '--ignore-place')).labels).toMatchObject([{ label: 1, dice: 1 }])
  const at = (origin: number[]) => mask({ 0: 1 }, { origin })
  expect(await problem(at([10, 20, 30]), at([10, 20, 40]))).toMatch(/^request_invalid: .*up to 1\.00 voxels apart/)
  expect(await problem(at([10, 20, 30]), at([0, 0, 0]))).toBe('ok')
})

it('says where places were not compared, and why', async () => {
  const at = (origin: number[]) => mask({ 0: 1 }, { origin })
  const [placed, silent] = [at([10, 20, 30]), at([0, 0, 0])]
  expect(await evaluate(placed, placed)).toMatchObject({ places_compared: true })
  expect(await evaluate(placed, placed)).not.toHaveProperty('places_note')
  expect((await run(placed, placed)).join()).not.toContain('places')
  const note = async (...args: string[]) => {
    const found = await evaluate(...args)
    expect(found.places_compared).toBe(false)
    expect((await run(...args)).at(-1)).toBe(`Note: ${found.places_note}.`)
    return found.places_note
  }
  expect(await note(placed, silent)).toContain('because the reference states none')
  expect(await note(silent, placed)).toContain('because the mask states none')
  expect(await note(silent, silent)).toContain('because the mask and the reference state none')
  expect(await note(placed, placed, '--ignore-place')).toContain('ignored')
  expect(await note(nrrdMask('RAS', 1, '0,0,0'), nrrdMask('3D-right-handed', 1, '0,0,0'))).toContain('different frames')
})

it.skipIf(!existsSync(REAL_MASK))('measures a real mask, in voxels where its size is unknown', async () => {
  const bytes = readFileSync(REAL_MASK)
  const moved = Uint8Array.from(bytes)
  const start = 1024 + bytes.readInt32LE(92)
  const [nz, ny, nx] = [bytes.readInt32LE(8), bytes.readInt32LE(4), bytes.readInt32LE(0)]
  moved.fill(0, start)
  for (let z = 1; z < nz; z++)
    for (let y = 2; y < ny; y++)
      for (let x = 3; x < nx; x++)
        moved[start + (z * ny + y) * nx + x] = bytes[start + ((z - 1) * ny + y - 2) * nx + x - 3]
  const { unit, labels } = await evaluate(REAL_MASK, put(moved))
  expect([unit, labels.length]).toEqual(['voxel', 1])
  expect(labels[0].counts).toMatchObject({ mask: 1127, reference: 1017 })
  expect(labels[0].hd95).toBeCloseTo(2, 6)
  // google-deepmind/surface-distance gives the same; see shared/mask/distances.test.ts.
  expect(labels[0].surface_dice).toBeCloseTo(0.9703058034188836, 6)
})

it('compares sizes in whatever unit each file has them', async () => {
  const nrrd = (micrometres: number) => {
    const directions = [0, 1, 2].map((axis) => `(${[0, 1, 2].map((k) => (k === axis ? micrometres : 0)).join()})`)
    const header = ['NRRD0004', 'type: short', 'dimension: 3', 'sizes: 7 5 3', 'endian: little', 'encoding: raw']
    header.push('space dimension: 3', `space directions: ${directions.join(' ')}`, 'space units: "um" "um" "um"')
    const file = path.join(folder, `${++counter}.nrrd`)
    writeFileSync(file, Buffer.concat([Buffer.from(`${header.join('\n')}\n\n`), Buffer.alloc(210)]))
    return file
  }
  expect(await evaluate(nrrd(1e-3), mask({ 0: 1 }))).toMatchObject({ voxel_size_zyx: [1, 1, 1], unit: 'nm' })
  expect(await problem(nrrd(2e-3), mask({ 0: 1 }))).toContain('0.002 × 0.002 × 0.002 um and 1 × 1 × 1 nm')
})
