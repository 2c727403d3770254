import { mkdtempSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { int16Bytes, mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { type DesktopApp, launchDesktop, volumeShown } from './desktop-app.ts'
import { exportMask, readMask } from './run-flow.ts'

// The machine may be busy with other tests.
const SLOW = { timeout: 30_000 }
const [NX, NY, NZ] = [60, 44, 40]
const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-help-'))
let desktop: DesktopApp

beforeAll(async () => {
  const file = path.join(folder, 'tomogram.mrc')
  const values = Array.from({ length: NX * NY * NZ }, (_, i) => i % 97)
  writeFileSync(file, mrcBytes({ n: [NX, NY, NZ], cell: [600, 440, 400], body: int16Bytes(values) }))
  desktop = await launchDesktop([file])
  await volumeShown(desktop, 'tomogram.mrc')
})
afterAll(() => desktop?.close())

const chooseMenu = (id: string) =>
  desktop.app.evaluate(({ Menu }, command) => Menu.getApplicationMenu()?.getMenuItemById(command)?.click(), id)

it('has a page on correcting with its tools and keys, in both colours', async () => {
  const { page } = desktop
  await chooseMenu('help')
  const sheet = page.getByRole('dialog', { name: 'Help' })
  await sheet.getByRole('button', { name: 'Correcting', exact: true }).click()
  await sheet.getByRole('row', { name: /G Grow/ }).waitFor()
  await desktop.screenshot('38-help-correcting')
  await sheet.getByRole('heading', { name: 'An example: a vesicle in five steps' }).scrollIntoViewIfNeeded()
  await chooseMenu('toggle_theme')
  await page.waitForTimeout(300)
  await desktop.screenshot('39-help-correcting-light')
  await chooseMenu('toggle_theme')
  await page.keyboard.press('Escape')
  await sheet.waitFor({ state: 'hidden' })
})

it('has an example that works as it is told', async () => {
  const { page } = desktop
  const { mouse, keyboard } = page
  await page.getByRole('button', { name: 'Empty mask' }).click()
  await page.getByRole('button', { name: 'Add a label' }).click()
  await page.getByLabel('Name of label 2').fill('vesicle')
  await page.getByLabel('Name of label 2').press('Enter')
  const pane = await page.locator('[data-pane=xy]').boundingBox()
  if (!pane) throw new Error('no picture')
  const [cx, cy] = [pane.x + 240, pane.y + 150]
  const voxels = async () =>
    Number(await page.locator('[data-label="2"] [data-testid=mask-label-voxels]').getAttribute('data-voxels'))
  const crosshairZ = async () => Number(((await page.getByTestId('crosshair').textContent()) ?? '').split(',')[2])
  const drawAround = async (radiusPx: number) => {
    const before = await voxels()
    await mouse.move(cx + radiusPx, cy)
    await mouse.down()
    for (let step = 1; step <= 16; step++)
      await mouse.move(cx + radiusPx * Math.cos((step * Math.PI) / 8), cy + radiusPx * Math.sin((step * Math.PI) / 8))
    await mouse.up()
    await expect.poll(voxels, SLOW).toBeGreaterThan(before)
  }
  await page.locator('[data-label="2"]').getByText('vesicle').waitFor()
  await keyboard.press('v')
  await mouse.click(cx, cy)
  const first = await crosshairZ()
  await keyboard.press('l')
  await drawAround(60)
  for (let i = 0; i < 8; i++) await keyboard.press('PageUp')
  await expect.poll(crosshairZ, SLOW).toBe(first + 8)
  await drawAround(90)
  const drawn = await voxels()
  for (let i = 0; i < 4; i++) await keyboard.press('PageDown')
  await expect.poll(crosshairZ, SLOW).toBe(first + 4)
  await keyboard.press('i')
  await expect.poll(voxels, SLOW).toBeGreaterThan(3 * drawn)
  await page.waitForTimeout(500)
  await desktop.screenshot('40-help-example')
  // Keys after the name are no part of it.
  expect(await page.getByTestId('voxel-label').textContent()).toBe('vesicle')
  const file = path.join(folder, 'vesicle.mrc')
  await exportMask(desktop, 'MRC…', file)
  const mask = await readMask(file)
  const slices = Array.from({ length: NZ }, (_, z) =>
    Array.from({ length: NX * NY }, (_, i) => mask.voxels[z * NX * NY + i]).includes(2),
  )
  expect(slices.flatMap((isDrawn, z) => (isDrawn ? z : []))).toEqual(Array.from({ length: 9 }, (_, i) => first + i))
  // One stands alone, far away: it goes, the vesicle stays.
  const before = await voxels()
  await keyboard.press('b')
  await page.getByLabel('Size of the brush').fill('1')
  await mouse.click(cx - 200, cy - 90)
  await expect.poll(voxels, SLOW).toBe(before + 1)
  await keyboard.press('x')
  await mouse.click(cx - 200, cy - 90)
  await expect.poll(voxels, SLOW).toBe(before)
  await keyboard.press('Control+z')
  await expect.poll(voxels, SLOW).toBe(before + 1)
  expect(desktop.complaints).toEqual([])
})

it('says what is missing before a region can grow', async () => {
  await desktop.page.keyboard.press('g')
  await desktop.page.getByText('Choose the range of values first; nothing grows before.').waitFor()
  await desktop.page.getByRole('button', { name: 'Values like at the crosshair' }).click()
  await desktop.page.getByText('Choose the range of values first; nothing grows before.').waitFor({ state: 'hidden' })
})
