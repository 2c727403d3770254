import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, SAMPLE, volumeShown } from './desktop-app.ts'
import { pixelsAt, saturation } from './pixels.ts'
import { countLabel, exportMask, readMask, runModel } from './run-flow.ts'

// The processor draws here, and the whole mask is made anew.
const SLOW = { timeout: 30_000 }
// Of the sample.
const [NX, NY] = [192, 160]
let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop([SAMPLE])
  await volumeShown(desktop, 'sample.mrc')
})
afterAll(() => desktop?.close())

const counts = async () => {
  const rows = await desktop.page.getByTestId('mask-label-voxels').all()
  return Promise.all(rows.map(async (row) => Number(await row.getAttribute('data-voxels'))))
}

/** How many points of a grid over the XY slice a label covers. */
async function colouredPoints(): Promise<number> {
  const pane = await desktop.page.locator('[data-pane=xy]').boundingBox()
  if (!pane) throw new Error('no picture')
  const points = Array.from(
    { length: 3600 },
    (_, i) => [pane.x + 60 + (i % 60) * 6.5, pane.y + 50 + Math.floor(i / 60) * 6] as const,
  )
  return (await pixelsAt(desktop.page, points)).filter((colour) => saturation(colour) > 50).length
}

/** Window pixel of the middle of a voxel when XY is alone; 3 pixels on the right and below are the gap between panes. */
async function pixelOf(x: number, y: number): Promise<[number, number]> {
  const box = await desktop.page.locator('canvas').boundingBox()
  if (!box) throw new Error('no picture')
  const [width, height] = [box.width - 3, box.height - 3]
  const perVoxel = Math.min(width / NX, height / NY)
  return [box.x + width / 2 + (x + 0.5 - NX / 2) * perVoxel, box.y + height / 2 - (y + 0.5 - NY / 2) * perVoxel]
}

describe('correcting the mask of a run', () => {
  it('shows the mask voxel by voxel over a coarser level', async () => {
    const { page, folder } = desktop
    await page.getByRole('button', { name: 'Use this computer' }).click()
    await page.getByTestId('connected').filter({ hasText: 'This computer' }).waitFor()
    await runModel(desktop, '30-correct-run')
    await exportMask(desktop, 'MRC…', path.join(folder, 'delivered.mrc'))
    await page.getByLabel('Level on show').selectOption({ label: '2 M voxels' })
    await page.getByText('level 1/2').waitFor()
    await page.getByRole('toolbar', { name: 'Panes' }).getByRole('button', { name: 'XY', exact: true }).click()
    const [crossX, crossY, z] = ((await page.getByTestId('crosshair').textContent()) ?? '').split(',').map(Number)
    const mask = await readMask(path.join(folder, 'delivered.mrc'))
    const labelAt = (x: number, y: number) => mask.voxels[(z * NY + y) * NX + x] > 0
    // Edges tell apart voxels of one block; away from the crosshair's lines.
    const edges = Array.from({ length: NX * NY }, (_, i) => [i % NX, Math.floor(i / NX)] as const)
      .filter(([x, y]) => x > 30 && x < NX - 1 && Math.abs(x - crossX) > 2 && Math.abs(y - crossY) > 2 && y > 20)
      .filter(([x, y]) => y < NY - 20 && (x & 1) === 0 && labelAt(x, y) !== labelAt(x + 1, y))
      .slice(0, 400)
    expect(edges.length).toBeGreaterThan(50)
    const [[x0, y0], [x1, y1]] = [await pixelOf(0, 0), await pixelOf(1, 1)]
    const pixel = (x: number, y: number) => [x0 + x * (x1 - x0), y0 + y * (y1 - y0)] as const
    const points = edges.flatMap(([x, y]) => [pixel(x, y), pixel(x + 1, y)])
    const expected = edges.flatMap(([x, y]) => [labelAt(x, y), labelAt(x + 1, y)])
    const numWrong = async () => {
      const colours = await pixelsAt(page, points)
      return colours.filter((colour, i) => saturation(colour) > 25 !== expected[i]).length
    }
    await expect.poll(numWrong, SLOW).toBe(0)
    await desktop.screenshot('30-correct-run-full-resolution')
    await page.getByLabel('Level on show').selectOption({ index: 0 })
    await page.getByRole('toolbar', { name: 'Panes' }).getByRole('button', { name: 'All', exact: true }).click()
    await page.waitForTimeout(1500)
  })

  it('begins with every voxel of it, under the names of the model', async () => {
    const { page, folder } = desktop
    await page.getByRole('button', { name: 'Correct this mask' }).click()
    await page.getByRole('toolbar', { name: 'Tools' }).waitFor()
    const mask = await readMask(path.join(folder, 'delivered.mrc'))
    expect(await counts()).toEqual([1, 2, 3].map((label) => countLabel(mask, label)))
    await page.locator('[data-label="1"]').getByText('membrane').waitFor()
  })

  it('tries a threshold at once, and makes the mask of it when it is applied', async () => {
    const { page, folder } = desktop
    const before = await counts()
    const coloured = await colouredPoints()
    await page.getByRole('button', { name: 'Threshold of the probability…' }).click()
    const slider = page.getByRole('slider', { name: 'Probability' })
    await slider.fill('0.9')
    await page.getByRole('slider', { name: 'Smallest object' }).fill('6')
    await expect.poll(colouredPoints, SLOW).toBeLessThan(0.9 * coloured)
    await desktop.screenshot('31-correct-threshold')
    const tried = await colouredPoints()
    expect(await counts()).toEqual(before)
    await page.getByRole('button', { name: 'Apply', exact: true }).click()
    await expect.poll(counts, SLOW).not.toEqual(before)
    await page.waitForTimeout(700)
    await desktop.screenshot('32-correct-threshold-applied')
    expect(Math.abs((await colouredPoints()) - tried)).toBeLessThan(0.05 * coloured)
    const after = await counts()
    expect(after.every((count, i) => count <= before[i])).toBe(true)
    const file = path.join(folder, 'thresholded.mrc')
    await exportMask(desktop, 'MRC…', file)
    const mask = await readMask(file)
    expect([1, 2, 3].map((label) => countLabel(mask, label))).toEqual(after)
    const provenance = JSON.parse(readFileSync(`${file}.provenance.json`, 'utf8'))
    expect(provenance).toMatchObject({ original: { kind: 'run' }, edited: { operations: { threshold: 1 } } })
    await page.keyboard.press('Control+z')
    await expect.poll(counts, SLOW).toEqual(before)
  })

  it('tries it voxel by voxel over a coarser level', async () => {
    const { page } = desktop
    await page.getByLabel('Level on show').selectOption({ label: '2 M voxels' })
    await page.getByText('level 1/2').waitFor()
    await page.getByRole('toolbar', { name: 'Panes' }).getByRole('button', { name: 'XY', exact: true }).click()
    const places = Array.from({ length: 6000 }, (_, i) => [40 + (i % 120), 30 + Math.floor(i / 120)] as const)
    const [[x0, y0], [x1, y1]] = [await pixelOf(0, 0), await pixelOf(1, 1)]
    const points = places.map(([x, y]) => [x0 + x * (x1 - x0), y0 + y * (y1 - y0)] as const)
    const covered = async () => (await pixelsAt(page, points)).map((colour) => saturation(colour) > 25)
    await page.waitForTimeout(1500)
    const before = await covered()
    await page.getByRole('button', { name: 'Threshold of the probability…' }).click()
    await page.getByRole('slider', { name: 'Probability' }).fill('0.9')
    await page.waitForTimeout(2500)
    const tried = await covered()
    await desktop.screenshot('33-correct-threshold-full-resolution')
    await page.getByRole('slider', { name: 'Probability' }).fill('0.95')
    await page.waitForTimeout(1500)
    expect(await covered()).not.toEqual(tried)
    await page.getByRole('slider', { name: 'Probability' }).fill('0.9')
    const operations = page.getByText(/\d+ changes?, kept/)
    const numBefore = await operations.textContent()
    await page.getByRole('button', { name: 'Apply', exact: true }).click()
    await expect.poll(() => operations.textContent(), SLOW).not.toBe(numBefore)
    await expect.poll(covered, SLOW).toEqual(tried)
    expect(tried).not.toEqual(before)
    expect(tried).toContain(true)
  })

  it('goes back to the run when it is done', async () => {
    const { page } = desktop
    await page.getByText('End without exporting…').click()
    await page.getByRole('button', { name: 'Discard the changes' }).click()
    await page.getByRole('button', { name: 'Correct this mask' }).waitFor()
    await page.getByRole('region', { name: 'Mask', exact: true }).waitFor()
    expect(desktop.complaints).toEqual([])
  })
})
