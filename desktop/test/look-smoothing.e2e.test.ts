import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'
import { pixelsAt } from './pixels.ts'
import { writeSmallMrc } from './small-mrc.ts'

/** Bars of three voxels along x, and a bright block: what a Gaussian makes of them is known. */
const valueAt = (x: number, y: number) =>
  (x % 6 < 3 ? 40 : 160) + (x % 40 > 20 && x % 40 < 26 && y % 30 > 10 && y % 30 < 14 ? 80 : 0)
const LOWEST = 40
const HIGHEST = 240

/** What the picture must show: the sum over the slice, weights outside it left out. */
function smoothedAt(x: number, y: number, [nx, ny]: readonly number[], sigma: number): number {
  let [sum, weights] = [0, 0]
  const reach = Math.ceil(3 * sigma)
  for (let v = Math.max(0, y - reach); v <= Math.min(ny - 1, y + reach); v++)
    for (let u = Math.max(0, x - reach); u <= Math.min(nx - 1, x + reach); u++) {
      const weight = Math.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * sigma ** 2))
      sum += weight * valueAt(u, v)
      weights += weight
    }
  return sum / weights
}

let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop()
  desktop.page.setDefaultTimeout(20_000)
})
afterAll(() => desktop?.close())

const settled = () => desktop.page.waitForTimeout(600)

async function open(name: string, shape: readonly [number, number, number]): Promise<void> {
  const file = path.join(desktop.folder, name)
  writeSmallMrc(file, shape, [10, 10, 10], valueAt)
  await openThroughDialog(desktop, file)
  await volumeShown(desktop, name)
  const { page } = desktop
  await page.getByRole('button', { name: 'XY', exact: true }).click()
  await page.getByLabel('Black').last().fill(String(LOWEST))
  await page.getByLabel('White').last().fill(String(HIGHEST))
  await page.keyboard.press('Enter')
  await settled()
}

// No place is in the row or the column of the crosshair, whose lines lie over the picture.
/** Values of the file as the picture shows them, at the middles of voxels of the XY slice. */
async function shownAt(places: readonly (readonly [number, number])[], [nx, ny]: readonly number[]): Promise<number[]> {
  const box = await desktop.page.locator('canvas').boundingBox()
  if (!box) throw new Error('no picture')
  const scale = Math.min((box.width - 3) / nx, (box.height - 3) / ny)
  const points = places.map(
    ([x, y]) =>
      [
        box.x + (box.width - 3) / 2 + (x + 0.5 - nx / 2) * scale,
        box.y + (box.height - 3) / 2 - (y + 0.5 - ny / 2) * scale,
      ] as const,
  )
  // Colours are of pixels, their middles half a pixel on.
  const pixels = await pixelsAt(
    desktop.page,
    points.map(([x, y]) => [x - 0.5, y - 0.5]),
  )
  // A coarser level has another range, and the window cannot be wider.
  const highest = Number(await desktop.page.getByLabel('White').last().inputValue())
  return pixels.map(([r]) => LOWEST + (r / 255) * (highest - LOWEST))
}

const PLACES = [
  [1, 1],
  [7, 5],
  [10, 21],
  [22, 12],
  [24, 16],
  [38, 3],
] as const

describe('smoothing', () => {
  it('draws the Gaussian of the slice, edges too, and says so; 0 draws the slice', async () => {
    const { page } = desktop
    const shape = [40, 30, 10] as const
    await open('bars.mrc', shape)
    const plain = await shownAt(PLACES, shape)
    for (const [i, [x, y]] of PLACES.entries()) expect(Math.abs(plain[i] - valueAt(x, y))).toBeLessThan(6)
    for (const sigma of [1, 2.5]) {
      await page.getByLabel('Smoothing of the slices, voxels').fill(String(sigma))
      await settled()
      const smoothed = await shownAt(PLACES, shape)
      for (const [i, [x, y]] of PLACES.entries())
        expect(Math.abs(smoothed[i] - smoothedAt(x, y, shape, sigma))).toBeLessThan(6)
      expect(await page.getByTestId('smoothing-xy').textContent()).toContain(`σ ${sigma}`)
    }
    await desktop.screenshot('82-smoothed')
  })

  it('leaves the value that is read out and the other planes as they are', async () => {
    const { page } = desktop
    await page.getByLabel('Voxel x').fill('23')
    await page.keyboard.press('Enter')
    await page.getByLabel('Voxel y').fill('13')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.getByTestId('voxel-value').textContent()).toBe('240')
    await page.getByLabel('Smoothing of the slices, voxels').fill('0')
    await settled()
    expect(await page.getByTestId('smoothing-xy').count()).toBe(0)
    const plain = await shownAt(PLACES, [40, 30])
    for (const [i, [x, y]] of PLACES.entries()) expect(Math.abs(plain[i] - valueAt(x, y))).toBeLessThan(6)
  })

  it('takes the plane of the file where the level is coarser', async () => {
    const { page } = desktop
    const shape = [160, 160, 100] as const
    await open('bars-large.mrc', shape)
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await page.getByLabel('Level on show').selectOption('2097152')
    await page.locator('[data-testid=resolution-3d]').filter({ hasText: '1/2' }).waitFor()
    await page.getByRole('button', { name: 'XY', exact: true }).click()
    await page.locator('[data-testid=resolution-xy]').filter({ hasText: 'full resolution' }).waitFor()
    await page.getByLabel('Smoothing of the slices, voxels').fill('1.5')
    await settled()
    const places = [
      [30, 30],
      [33, 82],
      [100, 120],
    ] as const
    const smoothed = await shownAt(places, shape)
    for (const [i, [x, y]] of places.entries())
      expect(Math.abs(smoothed[i] - smoothedAt(x, y, shape, 1.5)), `${x}, ${y}`).toBeLessThan(8)
    // While one scrolls the level is smoothed, until the plane is there again.
    await page.locator('canvas').focus()
    for (let i = 0; i < 6; i++) await page.keyboard.press('PageUp')
    await page.locator('[data-testid=resolution-xy]').filter({ hasText: 'full resolution' }).waitFor()
    await settled()
    const again = await shownAt(places, shape)
    for (const [i] of places.entries()) expect(Math.abs(again[i] - smoothed[i])).toBeLessThan(3)
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await settled()
    await desktop.screenshot('83-smoothed-all')
    expect(desktop.complaints).toEqual([])
  })
})
