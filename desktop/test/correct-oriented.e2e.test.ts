import { mkdtempSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, volumeShown } from './desktop-app.ts'
import { pixelsAt, saturation } from './pixels.ts'
import { readMask } from './run-flow.ts'
import { turnedNifti } from './turned-nifti.ts'

// The machine may be busy with other tests.
const SLOW = { timeout: 30_000 }
const [NX, NY, NZ] = [30, 44, 60]
const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-oriented-'))
const VOLUME = path.join(folder, 'turned.nii')
let desktop: DesktopApp

beforeAll(async () => {
  writeFileSync(
    VOLUME,
    turnedNifti([NX, NY, NZ], (_x, _y, _z, i) => (i % 97) + 3),
  )
  desktop = await launchDesktop([VOLUME])
  await volumeShown(desktop, 'turned.nii')
  await desktop.page.getByRole('button', { name: 'Empty mask' }).click()
  await desktop.page.getByRole('toolbar', { name: 'Tools' }).waitFor()
})
afterAll(() => desktop?.close())

const tool = (name: string) => desktop.page.getByRole('toolbar', { name: 'Tools' }).getByRole('button', { name })
const voxels = () => desktop.page.getByTestId('mask-label-voxels').getAttribute('data-voxels')

it.each(['xy', 'xz', 'yz'])(
  'draws on the voxel of the file under the pointer, and shows it there: %s',
  async (kind) => {
    const { page } = desktop
    const canvas = await page.locator('canvas').boundingBox()
    const tag = await page.locator(`[data-pane=${kind}]`).boundingBox()
    if (!canvas || !tag) throw new Error('no picture')
    const at: [number, number] = [tag.x + 130, tag.y + (kind === 'xy' ? 200 : 100)]
    await tool('Look').click()
    await page.mouse.click(...at)
    await page.waitForTimeout(800)
    const xyz = ((await page.getByTestId('crosshair').textContent()) ?? '').split(',').map(Number)
    await tool('Brush').click()
    await page.getByLabel('Size of the brush').fill('1')
    const before = Number(await voxels())
    await page.mouse.click(...at)
    await expect.poll(voxels, SLOW).toBe(String(before + 1))
    const file = path.join(folder, `${kind}.nii`)
    await desktop.saveTo(file.replace('.nii', '.nii.gz'))
    await page.getByRole('button', { name: 'NIfTI…' }).click()
    await page
      .getByRole('status')
      .filter({ hasText: `Saved ${kind}.nii.gz` })
      .waitFor()
    await page.getByRole('button', { name: 'Dismiss', exact: true }).first().click()
    const mask = await readMask(file.replace('.nii', '.nii.gz'))
    expect(mask.shapeZyx).toEqual([NZ, NY, NX])
    const [x, y, z] = xyz
    expect(mask.voxels[(z * NY + y) * NX + x]).toBe(1)
    // Away from the crosshair's lines, on the voxel that was drawn.
    await tool('Ball').click()
    await page.getByLabel('Size of the brush').fill('9')
    await page.mouse.click(...at)
    await expect.poll(async () => Number(await voxels()), SLOW).toBeGreaterThan(before + 50)
    await page.mouse.move(5, 5)
    await page.waitForTimeout(700)
    await desktop.screenshot(`28-correct-turned-${kind}`)
    const [colour] = await pixelsAt(page, [[at[0] + 6, at[1] + 6]])
    expect(saturation(colour)).toBeGreaterThan(40)
    await page.keyboard.press('Control+z')
    await expect.poll(voxels, SLOW).toBe(String(before + 1))
    await page.keyboard.press('Control+z')
    await expect.poll(voxels, SLOW).toBe(String(before))
  },
)

it('is left without a word', async () => {
  await desktop.app.evaluate(({ dialog }) => {
    dialog.showMessageBoxSync = () => 0
  })
  expect(desktop.complaints).toEqual([])
})
