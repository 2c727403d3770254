import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'
import { pixelsAt } from './pixels.ts'
import { writeSmallMrc } from './small-mrc.ts'

/** Voxel 0 of every file lies at 100, 200, 300 Å. The fine one has a ramp along x, the coarse one along y. */
const FINE = { shape: [60, 40, 20], voxel: [10, 20, 40] } as const
const COARSE = { shape: [30, 40, 40], voxel: [20, 20, 20] } as const

interface Box {
  x: number
  y: number
  width: number
  height: number
}

let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop()
  desktop.page.setDefaultTimeout(15_000)
  const file = path.join(desktop.folder, 'fine.mrc')
  writeSmallMrc(file, FINE.shape, FINE.voxel, (x) => x * 2)
  await openThroughDialog(desktop, file)
  await volumeShown(desktop, 'fine.mrc')
})
afterAll(() => desktop?.close())

const settled = () => desktop.page.waitForTimeout(600)
const beside = () => desktop.page.getByRole('region', { name: 'Volume beside' })

async function openBeside(name: string, voxel: readonly [number, number, number]): Promise<void> {
  const file = path.join(desktop.folder, name)
  writeSmallMrc(file, COARSE.shape, voxel, (_, y) => y * 5)
  await desktop.app.evaluate(({ dialog }, chosen) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
  }, file)
  await desktop.page.getByRole('button', { name: 'Open another beside…' }).click()
  await beside().getByText(name, { exact: true }).waitFor()
  await desktop.page.locator('[data-testid=beside][data-ready=true]').waitFor()
  await settled()
}

async function canvases(): Promise<[Box, Box]> {
  const boxes = await Promise.all([0, 1].map((index) => desktop.page.locator('canvas').nth(index).boundingBox()))
  if (!boxes[0] || !boxes[1]) throw new Error('no pictures')
  return [boxes[0], boxes[1]]
}
const mainVoxel = async () =>
  ((await desktop.page.getByTestId('crosshair').textContent()) ?? '').split(', ').map(Number)
const besideVoxel = async () =>
  ((await desktop.page.getByTestId('beside-voxel').textContent()) ?? '').split(', ').map(Number)

async function goTo(place: readonly number[]): Promise<void> {
  for (const [axis, index] of place.entries()) {
    await desktop.page.getByLabel(`Voxel ${'xyz'[axis]}`).fill(String(index))
    await desktop.page.keyboard.press('Enter')
  }
  await settled()
}

/** Length in pixels of a nanometre, by the scale bar. */
async function pxPerNm(where: ReturnType<typeof beside>, kind: string): Promise<number> {
  const bar = where.getByTestId(`scale-bar-${kind}`)
  const text = (await bar.locator('xpath=..').textContent()) ?? ''
  return ((await bar.boundingBox())?.width ?? 0) / Number.parseFloat(text)
}

describe('a volume beside another', () => {
  it('shows the same place of the world, both ways', async () => {
    await openBeside('coarse.mrc', COARSE.voxel)
    expect(await desktop.page.getByTestId('link-rule').textContent()).toBe('linked by position')
    await goTo([20, 13, 5])
    // 20 · 10 Å along x, 13 · 20 Å along y, 5 · 40 Å along z, from the same origin.
    await expect.poll(besideVoxel).toEqual([10, 13, 10])
    await expect.poll(() => desktop.page.getByTestId('beside-value').textContent()).toBe('65')
    await desktop.page.getByRole('button', { name: 'XY', exact: true }).click()
    await settled()
    const [, box] = await canvases()
    await desktop.page.mouse.click(box.x + box.width * 0.7, box.y + box.height * 0.55)
    await settled()
    const [x, y, z] = await besideVoxel()
    expect(x).not.toBe(10)
    expect(await mainVoxel()).toEqual([x * 2, y, Math.round(z / 2)])
  })

  it('is as large, and is moved and zoomed along', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Reset', exact: true }).click()
    await settled()
    const main = page.getByTestId('viewer')
    const [left, right] = await canvases()
    const first = await pxPerNm(main, 'xy')
    expect(await pxPerNm(beside(), 'xy')).toBeCloseTo(first, 1)
    await page.mouse.move(left.x + left.width / 2, left.y + left.height / 2)
    await page.keyboard.down('Control')
    for (let i = 0; i < 8; i++) await page.mouse.wheel(0, -120)
    await page.keyboard.up('Control')
    await settled()
    expect(await pxPerNm(main, 'xy')).toBeCloseTo(first * 1.15 ** 8, 1)
    expect(await pxPerNm(beside(), 'xy')).toBeCloseTo(first * 1.15 ** 8, 1)
    // Moved by hand in the picture beside, the other follows: the same pixels show the same place.
    await page.mouse.move(right.x + right.width / 2, right.y + right.height / 2)
    await page.mouse.down({ button: 'right' })
    await page.mouse.move(right.x + right.width / 2 - 40, right.y + right.height / 2 + 25, { steps: 4 })
    await page.mouse.up({ button: 'right' })
    await settled()
    await page.mouse.click(left.x + left.width / 2 + 30, left.y + left.height / 2 - 20)
    await settled()
    const [fromMain, there] = [await mainVoxel(), await besideVoxel()]
    await page.mouse.click(right.x + right.width / 2 + 30, right.y + right.height / 2 - 20)
    await settled()
    expect(await besideVoxel()).toEqual(there)
    expect(Math.abs((await mainVoxel())[0] - fromMain[0])).toBeLessThanOrEqual(1)
    await desktop.screenshot('84-beside')
  })

  it('has its own contrast', async () => {
    const { page } = desktop
    const contrast = page.getByRole('region', { name: 'Contrast of coarse.mrc' })
    const [left, right] = await canvases()
    const points = [left, right].map((box) => [box.x + box.width / 2 + 12, box.y + box.height / 2 + 16] as const)
    const [before] = await pixelsAt(page, points)
    await contrast.getByLabel('White').last().fill('1')
    await page.keyboard.press('Enter')
    await settled()
    const [main, other] = await pixelsAt(page, points)
    expect(main).toEqual(before)
    expect(Math.min(...other)).toBeGreaterThan(245)
    await contrast.getByRole('button', { name: 'Auto' }).click()
  })

  it('shows the same panes, and its ramp runs along its own axis', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Reset', exact: true }).click()
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await settled()
    expect(await beside().locator('.pane-tag').count()).toBe(4)
    // The reset was of both: what fits here is as large there.
    expect(await pxPerNm(beside(), 'xy')).toBeCloseTo(await pxPerNm(page.getByTestId('viewer'), 'xy'), 1)
    await page.getByRole('button', { name: 'Switch to the light theme' }).click()
    await desktop.screenshot('85-beside-all-light')
    await page.getByRole('button', { name: 'Switch to the dark theme' }).click()
    await page.getByRole('button', { name: 'XZ', exact: true }).click()
    await settled()
    const [, box] = await canvases()
    const points = [-30, 30].map((dx) => [box.x + box.width / 2 + dx, box.y + box.height / 2 + 30] as const)
    const [a, b] = await pixelsAt(page, points)
    expect(Math.abs(a[0] - b[0])).toBeLessThan(4)
  })

  it('is turned along in 3D', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: '3D', exact: true }).click()
    await settled()
    const [left, right] = await canvases()
    const points = Array.from({ length: 60 }, (_, i) => [right.x + right.width / 2, right.y + 20 + i * 10] as const)
    const before = await pixelsAt(page, points)
    await page.mouse.move(left.x + left.width / 2, left.y + left.height / 2)
    await page.mouse.down()
    await page.mouse.move(left.x + left.width / 2 + 120, left.y + left.height / 2 + 60, { steps: 5 })
    await page.mouse.up()
    await settled()
    const after = await pixelsAt(page, points)
    expect(after.filter(([r], i) => Math.abs(r - before[i][0]) > 12).length).toBeGreaterThan(5)
    await desktop.screenshot('89-beside-turned')
    await page.getByRole('button', { name: 'XY', exact: true }).click()
  })

  it('says so where the crosshair is outside of it, and where it is linked by voxels', async () => {
    const { page } = desktop
    await openBeside('short.mrc', [10, 10, 10])
    await goTo([59, 39, 19])
    expect(await page.getByTestId('link-rule').textContent()).toContain('outside')
    await expect.poll(besideVoxel).toEqual([29, 39, 39])
    await openBeside('unknown.mrc', [0, 0, 0])
    expect(await page.getByTestId('link-rule').textContent()).toContain('linked by voxel')
    await goTo([7, 9, 3])
    await expect.poll(besideVoxel).toEqual([7, 9, 3])
  })

  it('is closed, and the other has the whole stage again', async () => {
    const { page } = desktop
    const before = await page.locator('canvas').first().boundingBox()
    await page.getByRole('button', { name: 'Close the volume beside' }).click()
    await beside().waitFor({ state: 'detached' })
    await settled()
    expect((await page.locator('canvas').boundingBox())?.width).toBeGreaterThan(1.8 * (before?.width ?? 0))
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await goTo([20, 13, 5])
    expect(await mainVoxel()).toEqual([20, 13, 5])
    expect(desktop.complaints).toEqual([])
  })
})
