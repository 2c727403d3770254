import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'
import { labelVoxels, toolOf } from './mask-tools.ts'
import { readMask } from './run-flow.ts'
import { writeSmallMrc } from './small-mrc.ts'

const [NX, NY, NZ] = [48, 36, 10]
// The machine may be busy with other tests.
const SLOW = { timeout: 30_000 }
let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop()
  const file = path.join(desktop.folder, 'plain.mrc')
  writeSmallMrc(file, [NX, NY, NZ], [10, 10, 10], (x, y, z) => 40 + x + y + z)
  await openThroughDialog(desktop, file)
  await volumeShown(desktop, 'plain.mrc')
  await desktop.page.getByRole('button', { name: 'XY', exact: true }).click()
  await desktop.page.getByRole('button', { name: 'Empty mask' }).click()
  await desktop.page.getByRole('toolbar', { name: 'Tools' }).waitFor()
})
afterAll(async () => {
  await desktop?.close()
})

const tool = (name: string) => toolOf(desktop, name)
const voxelsOf = (label: number) => labelVoxels(desktop, label)
const undo = () => desktop.page.keyboard.press('Control+z')

/** Window pixels at shares of the picture. */
async function placeAt(shareX: number, shareY: number): Promise<[number, number]> {
  const box = await desktop.page.locator('canvas').boundingBox()
  if (!box) throw new Error('no picture')
  return [box.x + shareX * box.width, box.y + shareY * box.height]
}

describe('the brush', () => {
  it('puts down each of three dots that come at once, the last with the label chosen before it', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Add a label' }).click()
    await page.locator('[data-label="2"]').waitFor()
    await page.locator('[data-label="1"] .label-name').click()
    await tool('Brush').click()
    await page.getByLabel('Size of the brush').fill('1')
    const places = [await placeAt(0.3, 0.4), await placeAt(0.5, 0.6), await placeAt(0.7, 0.4)]
    // In one go: no answer can come between them.
    await page.evaluate((points) => {
      const canvas = document.querySelector('canvas')
      for (const [i, [clientX, clientY]] of points.entries()) {
        if (i === 2) window.dispatchEvent(new KeyboardEvent('keydown', { key: '2', bubbles: true }))
        const at = { clientX, clientY, button: 0, bubbles: true, cancelable: true }
        canvas?.dispatchEvent(new MouseEvent('mousedown', at))
        canvas?.dispatchEvent(new MouseEvent('mouseup', at))
      }
    }, places)
    await expect.poll(() => voxelsOf(2), SLOW).toBe(1)
    expect(await voxelsOf(1)).toBe(2)
    await desktop.screenshot('28-correct-three-dots')
    for (let i = 0; i < 3; i++) await undo()
    await expect.poll(() => voxelsOf(1), SLOW).toBe(0)
    expect(await voxelsOf(2)).toBe(0)
  })
})

describe('fill and merge', () => {
  it('fills what is connected in the slice, and nothing of the others', async () => {
    const { page } = desktop
    await page.locator('[data-label="1"] .label-name').click()
    await tool('Fill').click()
    await page.mouse.click(...(await placeAt(0.4, 0.4)))
    await expect.poll(() => voxelsOf(1), SLOW).toBe(NX * NY)
    const file = path.join(desktop.folder, 'filled.mrc')
    await desktop.saveTo(file)
    await page.getByRole('button', { name: 'MRC…', exact: true }).click()
    await page.getByRole('status').filter({ hasText: 'Saved filled.mrc' }).waitFor()
    await page.getByRole('button', { name: 'Dismiss', exact: true }).first().click()
    const { voxels } = await readMask(file)
    const z = Number((await page.getByTestId('crosshair').textContent())?.split(',')[2])
    for (let i = 0; i < voxels.length; i++)
      if (voxels[i] !== (Math.floor(i / (NX * NY)) === z ? 1 : 0)) throw new Error(`voxel ${i} is ${voxels[i]}`)
  })

  it('gives an object the chosen label, takes that back, and deletes it', async () => {
    const { page } = desktop
    await page.locator('[data-label="2"] .label-name').click()
    await tool('Merge object').click()
    await page.mouse.click(...(await placeAt(0.4, 0.4)))
    await expect.poll(() => voxelsOf(2), SLOW).toBe(NX * NY)
    expect(await voxelsOf(1)).toBe(0)
    await page.waitForTimeout(400)
    await desktop.screenshot('29-correct-merged')
    await undo()
    await expect.poll(() => voxelsOf(1), SLOW).toBe(NX * NY)
    await tool('Delete object').click()
    await page.mouse.click(...(await placeAt(0.4, 0.4)))
    await expect.poll(() => voxelsOf(1), SLOW).toBe(0)
    expect(await voxelsOf(2)).toBe(0)
    expect(desktop.complaints).toEqual([])
  })
})
