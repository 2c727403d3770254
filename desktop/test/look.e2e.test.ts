import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'
import { pixelsAt } from './pixels.ts'
import { writeSmallMrc } from './small-mrc.ts'

/** 60 × 40 × 20 voxels (x, y, z) of 10 × 20 × 40 Å: each axis has its own size and its own length. */
const SHAPE = [60, 40, 20] as const
const VOXEL_ANGSTROM = [10, 20, 40] as const

let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop()
  await open('unequal.mrc', VOXEL_ANGSTROM)
})
afterAll(() => desktop?.close())

/** A ramp along x, 2 a voxel, as unsigned 16-bit values. */
async function open(name: string, voxelAngstrom: readonly [number, number, number]): Promise<void> {
  const file = path.join(desktop.folder, name)
  writeSmallMrc(file, SHAPE, voxelAngstrom, (x) => x * 2)
  await openThroughDialog(desktop, file)
  await volumeShown(desktop, name)
  await desktop.page.waitForTimeout(500)
}

async function pane(name: string): Promise<{ x: number; y: number; width: number; height: number }> {
  await desktop.page.getByRole('button', { name, exact: true }).click()
  await desktop.page.waitForTimeout(500)
  const box = await desktop.page.locator('canvas').boundingBox()
  if (!box) throw new Error('no picture')
  return box
}

/** How many white pixels stand in the row of the scale bar, in the picture itself. */
async function whitePixels(kind: string): Promise<number> {
  const box = await desktop.page.getByTestId(`scale-bar-${kind}`).boundingBox()
  if (!box) throw new Error('no scale bar')
  const points = Array.from(
    { length: Math.ceil(box.width) + 40 },
    (_, i) => [box.x - 20 + i, box.y + box.height / 2] as [number, number],
  )
  return (await pixelsAt(desktop.page, points)).filter((rgb) => Math.min(...rgb) > 250).length
}

const barText = async (kind: string) =>
  (await desktop.page.getByTestId(`scale-bar-${kind}`).locator('xpath=..').textContent()) ?? ''

function nm(text: string): number {
  const [value, unit] = text.trim().split(' ')
  return Number(value) * ({ nm: 1, µm: 1e3, mm: 1e6 }[unit] ?? Number.NaN)
}

describe('the scale bar', () => {
  it('is as long as it says in each slice, at each zoom', async () => {
    for (const [name, kind, u, v] of [
      ['XY', 'xy', 0, 1],
      ['XZ', 'xz', 0, 2],
      ['YZ', 'yz', 1, 2],
    ] as const) {
      const box = await pane(name)
      const pxPerNm = Math.min(
        box.width / (SHAPE[u] * VOXEL_ANGSTROM[u] * 0.1),
        box.height / (SHAPE[v] * VOXEL_ANGSTROM[v] * 0.1),
      )
      expect(Math.abs((await whitePixels(kind)) - nm(await barText(kind)) * pxPerNm)).toBeLessThanOrEqual(2)
      await desktop.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
      await desktop.page.keyboard.down('Control')
      for (let i = 0; i < 5; i++) await desktop.page.mouse.wheel(0, -120)
      await desktop.page.keyboard.up('Control')
      await desktop.page.waitForTimeout(600)
      const zoomed = nm(await barText(kind)) * pxPerNm * 1.15 ** 5
      expect(Math.abs((await whitePixels(kind)) - zoomed)).toBeLessThanOrEqual(2)
      await desktop.page.getByRole('button', { name: 'Reset', exact: true }).click()
    }
  })
})

describe('measuring', () => {
  it('gives distances in physical units, from the pixels clicked', async () => {
    const box = await pane('XZ')
    const pxPerNm = Math.min(box.width / 60, box.height / 80)
    await desktop.page.getByRole('button', { name: 'Distance', exact: true }).click()
    const [cx, cy] = [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]
    await desktop.page.mouse.click(cx - 90, cy - 60)
    await desktop.page.mouse.click(cx + 110, cy + 90)
    const panel = desktop.page.getByRole('region', { name: 'Measurements', exact: true })
    expect(nm((await panel.locator('output').first().textContent()) ?? '')).toBeCloseTo(250 / pxPerNm, 0)
    // The line lies where it was drawn.
    const along = [0.2, 0.35, 0.8].map((t) => [cx - 90 + 200 * t, cy - 60 + 150 * t] as [number, number])
    for (const [r, , b] of await pixelsAt(desktop.page, along)) expect(r - b).toBeGreaterThan(60)
    await desktop.page.getByRole('button', { name: 'Distance', exact: true }).click()
  })

  it('gives angles of the world, and clears', async () => {
    const box = await pane('XY')
    await desktop.page.getByRole('button', { name: 'Angle', exact: true }).click()
    const [cx, cy] = [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]
    await desktop.page.mouse.click(cx + 100, cy)
    await desktop.page.mouse.click(cx, cy)
    await desktop.page.mouse.click(cx + 80, cy - 80)
    const panel = desktop.page.getByRole('region', { name: 'Measurements', exact: true })
    expect(Number.parseFloat((await panel.locator('output').nth(1).textContent()) ?? '')).toBeCloseTo(45, 0)
    await desktop.screenshot('70-measured')
    await panel.getByRole('button', { name: 'Clear' }).click()
    expect(await desktop.page.getByTestId('measure-mark').count()).toBe(0)
    await desktop.page.getByRole('button', { name: 'Angle', exact: true }).click()
  })
})

describe('the place', () => {
  it('is typed, slid, and said in voxels and in the world', async () => {
    const { page } = desktop
    await page.getByLabel('Voxel x').fill('7')
    await page.keyboard.press('Enter')
    await page.getByLabel('Slice along z').fill('3')
    await expect.poll(() => page.getByTestId('crosshair').textContent(), { timeout: 20_000 }).toBe('7, 20, 3')
    await expect.poll(() => page.getByTestId('voxel-value').textContent(), { timeout: 20_000 }).toBe('14')
    expect(await page.getByTestId('world-position').textContent()).toBe('17 nm, 60 nm, 42 nm')
  })
})

describe('the header', () => {
  it('is there whole', async () => {
    await desktop.page.getByText('Whole header').click()
    const list = (await desktop.page.locator('.header-list').textContent()) ?? ''
    for (const word of ['nx60', 'ny40', 'nz20', 'mode6']) expect(list).toContain(word)
    await desktop.page.locator('.header-list').getByRole('button', { name: 'Copy' }).click()
    expect(await desktop.app.evaluate(({ clipboard }) => clipboard.readText())).toContain('nx\t60\nny\t40\nnz\t20')
    await desktop.screenshot('76-header')
  })
})

describe('without a voxel size', () => {
  it('there is no scale bar until the user gives one', async () => {
    await open('unknown.mrc', [0, 0, 0])
    await pane('All')
    expect(await desktop.page.getByTestId('scale-bar-xy').count()).toBe(0)
    await desktop.page.getByLabel('Voxel size for display').fill('5')
    await desktop.page.getByLabel('Unit of the voxel size').selectOption('nm')
    const bar = await desktop.page.getByTestId('scale-bar-xy').boundingBox()
    expect(Math.abs((await whitePixels('xy')) - (bar?.width ?? 0))).toBeLessThanOrEqual(2)
    await desktop.screenshot('71-voxel-size-given')
  })

  it('reported no error', () => expect(desktop.complaints).toEqual([]))
})
