import { mkdtempSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { int16Bytes, mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { type DesktopApp, launchDesktop, volumeShown } from './desktop-app.ts'
import { pixelsAt, saturation } from './pixels.ts'

// The machine may be busy with other tests.
const SLOW = { timeout: 30_000 }
const [NX, NY, NZ] = [170, 150, 130]
const MIDDLE = [85, 75, 65] as const
/** Between panes; on the right and below. */
const PANE_GAP_PX = 3
const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-levels-'))
let desktop: DesktopApp

beforeAll(async () => {
  const file = path.join(folder, 'large.mrc')
  const n = [NX, NY, NZ]
  const values = Int16Array.from({ length: NX * NY * NZ }, (_, i) => (i % 5) + 40)
  writeFileSync(file, mrcBytes({ n, mode: 1, cell: n.map((size) => size * 10), body: int16Bytes(values) }))
  desktop = await launchDesktop([file])
  await volumeShown(desktop, 'large.mrc')
  const { page } = desktop
  await page.getByLabel('Level on show').selectOption({ label: '2 M voxels' })
  await page.getByText('level 1/2').waitFor()
  await page.getByRole('button', { name: 'Empty mask' }).click()
  await page.getByRole('toolbar', { name: 'Tools' }).waitFor()
})
afterAll(() => desktop?.close())

const tool = (name: string) =>
  desktop.page.getByRole('toolbar', { name: 'Tools' }).getByRole('button', { name, exact: true })
const voxels = async () => Number(await desktop.page.getByTestId('mask-label-voxels').getAttribute('data-voxels'))

/** Window pixel of the middle of a voxel in the one slice on show, by its column and row there. */
async function pixelOf(size: readonly [number, number], column: number, row: number): Promise<[number, number]> {
  const box = await desktop.page.locator('canvas').boundingBox()
  if (!box) throw new Error('no picture')
  const [width, height] = [box.width - PANE_GAP_PX, box.height - PANE_GAP_PX]
  const perVoxel = Math.min(width / size[0], height / size[1])
  const [cx, cy] = [box.x + width / 2, box.y + height / 2]
  return [cx + (column + 0.5 - size[0] / 2) * perVoxel, cy - (row + 0.5 - size[1] / 2) * perVoxel]
}

/** Which of 5 × 5 voxels about a place are coloured, `column,row` from it. */
async function coloured(size: readonly [number, number], column: number, row: number): Promise<string[]> {
  const near = [-2, -1, 0, 1, 2].flatMap((down) => [-2, -1, 0, 1, 2].map((right) => [right, down] as const))
  const points = await Promise.all(near.map(([right, down]) => pixelOf(size, column + right, row + down)))
  const colours = await pixelsAt(desktop.page, points)
  return near.filter((_, i) => saturation(colours[i]) > 40).map(([right, down]) => `${right},${down}`)
}

const PANES = [
  ['XY', [NX, NY], [40, 31]],
  ['XZ', [NX, NZ], [121, 30]],
  ['YZ', [NY, NZ], [33, 100]],
] as const

it.each([0, 1, 2])('shows one voxel of the mask as one voxel, while the level has blocks: pane %i', async (pane) => {
  const { page } = desktop
  const [name, size, [column, row]] = PANES[pane]
  await page.getByRole('toolbar', { name: 'Panes' }).getByRole('button', { name, exact: true }).click()
  await expect
    .poll(() => page.getByTestId(`resolution-${name.toLowerCase()}`).textContent(), SLOW)
    .toContain('full resolution')
  await tool('Brush').click()
  await page.getByLabel('Size of the brush').fill('1')
  const before = await voxels()
  await page.mouse.click(...(await pixelOf(size, column, row)))
  await expect.poll(voxels, SLOW).toBe(before + 1)
  await page.mouse.move(5, 5)
  await expect.poll(() => coloured(size, column, row), SLOW).toEqual(['0,0'])
  await desktop.screenshot(`29-mask-at-full-resolution-${name.toLowerCase()}`)
})

it('takes the voxel away with undo, brings it back with redo, and hides it as it was before', async () => {
  const { page } = desktop
  const [, size, at] = PANES[2]
  await page.keyboard.press('Control+z')
  await expect.poll(() => coloured(size, ...at), SLOW).toEqual([])
  await page.keyboard.press('Control+Shift+z')
  await expect.poll(() => coloured(size, ...at), SLOW).toEqual(['0,0'])
  await page.getByLabel('Show it as it was before').check()
  await expect.poll(() => coloured(size, ...at), SLOW).toEqual([])
  await page.getByLabel('Show it as it was before').uncheck()
  await expect.poll(() => coloured(size, ...at), SLOW).toEqual(['0,0'])
})

it('is there again after the crosshair went to other slices and came back', async () => {
  const { page } = desktop
  await page.getByRole('toolbar', { name: 'Panes' }).getByRole('button', { name: 'XY', exact: true }).click()
  const [, size, at] = PANES[0]
  await expect.poll(() => coloured(size, ...at), SLOW).toEqual(['0,0'])
  await page.mouse.move(...(await pixelOf(size, 60, 60)))
  await page.mouse.wheel(0, -120)
  await expect.poll(() => coloured(size, ...at), SLOW).toEqual([])
  await page.mouse.wheel(0, 120)
  await expect.poll(() => coloured(size, ...at), SLOW).toEqual(['0,0'])
  const crosshair = await page.getByTestId('crosshair').textContent()
  expect(crosshair?.split(',').map(Number)).toEqual([...MIDDLE])
})

it('takes the colour of its label, and goes with it', async () => {
  const { page } = desktop
  const [, size, at] = PANES[0]
  await page.getByLabel('Colour of Label 1').fill('#0000ff')
  const point = await pixelOf(size, ...at)
  await expect
    .poll(async () => {
      const [[red, , blue]] = await pixelsAt(page, [point])
      return blue - red > 40
    }, SLOW)
    .toBe(true)
  await page.getByRole('button', { name: 'Hide Label 1' }).click()
  await expect.poll(() => coloured(size, ...at), SLOW).toEqual([])
  await page.getByRole('button', { name: 'Show Label 1' }).click()
  expect(desktop.complaints).toEqual([])
})
