import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { int16Bytes, type MrcWords, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { SHARED_DATA } from '../../../build/test-support/shared-data.ts'
import { problemOfCommand, runCommand } from '../../test/run-command.ts'
import { statsCommand } from './stats.ts'

const BRAIN = path.join(SHARED_DATA, 'models/meshnet-gwm/expected_labels.nii.gz')
const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-stats-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let counter = 0

/** A mask of 3 × 5 × 7 voxels of 10 Å; `labels` by voxel index. */
function mask(labels: Record<number, number>, words: MrcWords = {}): string {
  const file = path.join(folder, `${++counter}.mrc`)
  const values = Array.from({ length: 105 }, (_, i) => labels[i] ?? 0)
  writeFileSync(file, mrcBytes({ body: int16Bytes(values), ...words }))
  return file
}

const run = (...args: string[]) => runCommand(statsCommand, args)
const problem = (...args: string[]) => problemOfCommand(statsCommand, args)
const stats = async (...args: string[]) => JSON.parse((await run(...args, '--json'))[0])

it('measures the labels that occur, in nm for a file in Å, with places in Å', async () => {
  const found = await stats(mask({ 0: 2, 1: 2, 104: 2, 52: 7 }, { origin: [100, 200, 300] }))
  expect(found).toMatchObject({ schema_version: 1, shape_zyx: [3, 5, 7], unit: 'angstrom', total_voxels: 105 })
  expect(found).toMatchObject({ volume_unit: 'nm3', area_unit: 'nm2', connectivity: 26, warnings: [] })
  expect(found.labels.map((one: { value: number }) => one.value)).toEqual([0, 2, 7])
  expect(found.labels[0]).toEqual({ value: 0, voxels: 101, share: 101 / 105, volume: expect.closeTo(101, 9) })
  expect(found.labels[1]).toMatchObject({ voxels: 3, num_objects: 2, objects_left_out: 0 })
  // One voxel is an octahedron of √3, each further one in a row adds its four slanted faces of √½.
  expect(found.labels[1].surface_area).toBeCloseTo(2 * Math.sqrt(3) + 4 * Math.SQRT1_2, 9)
  expect(found.labels[1].objects[0]).toEqual({
    ...{ voxels: 2, volume: expect.closeTo(2, 9), start_zyx: [0, 0, 0], shape_zyx: [1, 1, 2] },
    ...{ centroid_zyx: [0, 0, 0.5], centroid_world_xyz: [105, 200, 300] },
  })
})

it('prints a table of the labels and one of the objects of each', async () => {
  const lines = await run(mask({ 0: 2, 1: 2, 104: 2 }))
  expect(lines[0]).toMatch(/^Label +Voxels +Share +Volume \(nm³\) +Surface \(nm²\) +Objects$/)
  expect(lines[2]).toMatch(/^ +2 +3 +2\.857 % +3 +6\.29253 +2$/)
  expect(lines).toContain('Objects of label 2, largest first')
  expect(lines.at(-1)).toMatch(/^ +1 +1 +2, 4, 6 +1, 1, 1 +2, 4, 6 +60, 40, 20$/)
})

it('prints the labels as CSV, units in the head, the background left out', async () => {
  const lines = (await run(mask({ 0: 2, 1: 2, 104: 7 }), '--csv'))[0].split('\n')
  expect(lines[0]).toBe('label,name,voxels,share,volume_nm3,surface_nm2,objects')
  expect(lines[1]).toMatch(/^2,label 2,2,0\.0190476\d*,2,[\d.]+,1$/)
  expect(lines).toHaveLength(3)
  const unknown = (await run(mask({ 3: 1 }, { cell: [0, 0, 0] }), '--csv'))[0].split('\n')
  expect(unknown[0]).toBe('label,name,voxels,share,volume_unknown,surface_unknown,objects')
  expect(unknown[1]).toMatch(/^1,label 1,1,[\d.]+,,,1$/)
  expect((await run(mask({}), '--csv'))[0].split('\n')).toHaveLength(1)
  expect(await problem(mask({}), '--csv', '--json')).toContain('not both')
})

it('shows ten objects of a label and counts the rest', async () => {
  const many = Object.fromEntries([0, 2, 4, 6, 14, 16, 18, 20, 70, 72, 74, 76].map((index) => [index, 1]))
  const lines = await run(mask(many))
  expect(lines).toHaveLength(3 + 2 + 1 + 10 + 1)
  expect(lines.at(-1)).toBe('… and 2 more; --json lists the largest 12.')
})

it('leaves lengths out where the size is unknown, and says so', async () => {
  const unknown = mask({ 3: 1 }, { cell: [0, 0, 0] })
  const found = await stats(unknown)
  expect(found).toMatchObject({ volume_unit: null, area_unit: null })
  expect(found.labels[1]).toMatchObject({ voxels: 1, volume: null, surface_area: null, num_objects: 1 })
  expect((await run(unknown)).join('\n')).toMatch(/Volume +Surface[\s\S]*–[\s\S]*Warning: /)
})

it('refuses values that are no labels and wrong arguments', async () => {
  expect(await problem(mask({ 0: -1 }))).toMatch(/^request_invalid: .*-1/)
  expect(await problem()).toMatch(/^usage/)
  expect(await problem(mask({}), '--mode0', 'odd')).toMatch(/^usage/)
})

it.skipIf(!existsSync(BRAIN))('measures a real mask as scipy.ndimage does, in mm and in RAS', async () => {
  const { volume_unit, labels } = await stats(BRAIN)
  expect([volume_unit, labels.length]).toEqual(['mm3', 3])
  // scipy.ndimage.label with 26 neighbours, sum_labels, find_objects and center_of_mass; world through nibabel's affine.
  expect(labels[1]).toMatchObject({ voxels: 518540, volume: 518540, num_objects: 157, objects_left_out: 0 })
  expect(labels[2]).toMatchObject({ voxels: 735212, volume: 735212, num_objects: 165, objects_left_out: 0 })
  expect(labels[1].objects[0]).toMatchObject({ voxels: 518058, start_zyx: [27, 68, 65], shape_zyx: [178, 139, 127] })
  // skimage's marching cubes (lorensen) give 248386 and 455954; it cuts ambiguous neighbourhoods apart otherwise.
  expect(labels[1].surface_area / 248386.17).toBeCloseTo(0.9927, 3)
  expect(labels[2].surface_area / 455954).toBeCloseTo(0.9881, 3)
})
