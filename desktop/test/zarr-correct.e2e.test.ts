import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { openOmeZarr } from '../main/volume-service/ome-zarr.ts'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'
import { readMask } from './run-flow.ts'
import { writeZarrImage } from './zarr-image.ts'

// The machine may be busy with other tests.
const SLOW = { timeout: 30_000 }
const [NX, NY, NZ] = [90, 70, 50]
/** Round the middle, where the crosshair begins; over the edges of chunks. */
const inBox = (x: number, y: number, z: number) => x >= 40 && x < 50 && y >= 30 && y < 40 && z >= 20 && z < 34
const NUM_IN_BOX = 10 * 10 * 14
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'))

let folder: string
let desktop: DesktopApp
const file = (name: string) => path.join(folder, name)

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-zarr-correct-'))
  for (const version of ['0.4', '0.5'] as const)
    writeZarrImage(file(`tomogram-${version}.ome.zarr`), {
      ...{ version, shapeXyz: [NX, NY, NZ], chunk: 32, voxelNm: [1, 1, 2], originNm: [10, 20, 30], numLevels: 2 },
      valueAt: (x, y, z, level) => (inBox(x << level, y << level, z << level) ? 500 : 100),
    })
  desktop = await launchDesktop([], folder)
})
afterAll(async () => {
  await desktop?.close()
  rmSync(folder, { recursive: true, force: true })
})

const tools = () => desktop.page.getByRole('toolbar', { name: 'Tools' })
const voxels = async () => Number(await desktop.page.getByTestId('mask-label-voxels').getAttribute('data-voxels'))

async function saved(name: string, choose: () => Promise<unknown>): Promise<string> {
  await desktop.saveTo(file(name))
  await choose()
  await desktop.page
    .getByRole('status')
    .filter({ hasText: `Saved ${name}` })
    .waitFor()
  await desktop.page.getByRole('button', { name: 'Dismiss', exact: true }).first().click()
  return file(name)
}

/** Middle of the XY pane, where the crosshair is. */
async function middle(): Promise<[number, number]> {
  const { page } = desktop
  const box = await page.locator('canvas').boundingBox()
  const [below, side] = [page.locator('[data-pane=xz]'), page.locator('[data-pane="3d"]')]
  const [bottom, right] = [(await below.boundingBox())?.y, (await side.boundingBox())?.x]
  if (!box || bottom === undefined || right === undefined) throw new Error('no panes')
  return [(box.x + right) / 2, (box.y + bottom) / 2]
}

describe.each(['0.4', '0.5'] as const)('a mask over an OME-Zarr image of version %s', (version) => {
  const name = `tomogram-${version}.ome.zarr`
  const out = (ending: string) => `out-${version}${ending}`

  it('grows through the values of the image, and outlives a crash', async () => {
    await openThroughDialog(desktop, path.join(file(name), version === '0.4' ? '.zattrs' : 'zarr.json'))
    await volumeShown(desktop, name)
    await desktop.page.getByRole('button', { name: 'Empty mask' }).click()
    await tools().waitFor()
    await tools().getByRole('button', { name: 'Grow', exact: true }).click()
    const options = desktop.page.getByRole('region', { name: 'Tool options' })
    for (const [field, value] of [
      ['From', '400'],
      ['To', '600'],
    ]) {
      await options.getByLabel(field).fill(value)
      await options.getByLabel(field).press('Enter')
    }
    await desktop.page.mouse.click(...(await middle()))
    await expect.poll(voxels, SLOW).toBe(NUM_IN_BOX)
    const child = desktop.app.process()
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    desktop = await launchDesktop([], folder)
    await desktop.page.getByText(`Corrections of ${name} were kept.`).waitFor()
    await desktop.page.getByRole('button', { name: 'Go on with them' }).click()
    await tools().waitFor()
    expect(await voxels()).toBe(NUM_IN_BOX)
    await desktop.page.waitForTimeout(700)
    await desktop.screenshot(`93-correct-zarr-${version}`)
  })

  it.each([
    ['MRC…', '.mrc', 'angstrom', 10],
    ['NIfTI…', '.nii.gz', 'um', 1e-3],
    ['NRRD…', '.nrrd', 'nm', 1],
  ])('is saved voxel for voxel at its place: %s', async (button, ending, unit, scale) => {
    const mask = await saved(out(ending), () => desktop.page.getByRole('button', { name: button, exact: true }).click())
    const { voxels: labels } = await readMask(mask)
    const isRight = Array.from(labels, (label, i) => {
      const at = [i % NX, Math.floor(i / NX) % NY, Math.floor(i / (NX * NY))] as const
      return (label === 1) === inBox(...at)
    })
    expect(isRight).not.toContain(false)
    const source = await openVolumeFile(mask)
    await source.close()
    const { header } = source
    expect(header.unit).toBe(unit)
    for (const [at, nm] of [
      [0, 1],
      [5, 1],
      [10, 2],
      [3, 10],
      [7, 20],
      [11, 30],
    ])
      expect(header.affine[at]).toBeCloseTo(nm * scale, 6)
    expect(json(`${mask}.provenance.json`)).toMatchObject({
      input: { filename: name, format: 'ome-zarr', size_bytes: 2 * NX * NY * NZ, shape_zyx: [NZ, NY, NX] },
      original: { kind: 'empty' },
      edited: { operations: { grow: 1 } },
    })
  })

  it('is saved cropped at its place in the world', async () => {
    const cropped = await saved(out('-cropped.mrc'), async () => {
      await desktop.page.locator('[data-label="1"] .label-name').click()
      await desktop.page.getByRole('button', { name: 'Only Label 1, cropped' }).click()
    })
    expect((await readMask(cropped)).shapeZyx).toEqual([14, 10, 10])
    const header = readFileSync(cropped)
    expect([196, 200, 204].map((offset) => header.readFloatLE(offset))).toEqual([500, 500, 700])
  })

  it.each([
    ['Label 1: surface (STL)', '.stl'],
    ['Label 1: centres of objects (STAR)', '.star'],
    ['All labels: statistics (CSV)', '.csv'],
    ['All labels: report with pictures (HTML)', '.html'],
    ['All labels: movie through the slices (GIF)', '.gif'],
    ['All labels: voxels (OME-Zarr)', '.ome.zarr'],
  ])('is taken away, with its provenance: %s', async (option, ending) => {
    const target = await saved(out(ending), () =>
      desktop.page.getByLabel('More exports').selectOption({ label: option }),
    )
    expect(json(`${target}.provenance.json`)).toMatchObject({ input: { filename: name, format: 'ome-zarr' } })
    if (ending === '.csv') expect(readFileSync(target, 'utf8')).toContain(String(NUM_IN_BOX))
    if (ending === '.star') expect(readFileSync(target, 'utf8')).toContain(`tomogram-${version} 44.500 34.500 26.500`)
    if (ending !== '.ome.zarr') return
    const { source } = await openOmeZarr(target)
    expect([3, 7, 11].map((at) => source.header.affine[at])).toEqual([10, 20, 30])
    const labels = Array.from(await source.readSlab(0, NZ), Number)
    expect(labels.filter((label) => label === 1)).toHaveLength(NUM_IN_BOX)
  })

  it('is done without a complaint', async () => {
    await desktop.page.getByRole('button', { name: 'Done', exact: true }).click()
    await desktop.page.getByRole('button', { name: 'Empty mask' }).waitFor()
    expect(desktop.complaints).toEqual([])
  })
})
