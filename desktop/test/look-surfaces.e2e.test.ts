import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'
import { pixelsAt, type Rgb } from './pixels.ts'
import { writeSmallMrc } from './small-mrc.ts'

const SHAPE = [64, 48, 32] as const
const VOXEL = [10, 10, 10] as const

let desktop: DesktopApp
let box: { x: number; y: number; width: number; height: number }

/** A ball of label 1 at the low end of x, a block of label 2 at the high end. */
function labelAt(x: number, y: number, z: number): number {
  if (Math.hypot(x - 16, y - 24, z - 16) < 10) return 1
  return x > 40 && x < 58 && y > 14 && y < 34 && z > 6 && z < 26 ? 2 : 0
}

beforeAll(async () => {
  desktop = await launchDesktop()
  const { page, app, folder } = desktop
  page.setDefaultTimeout(15_000)
  const [volume, mask] = ['volume.mrc', 'mask.mrc'].map((name) => path.join(folder, name))
  writeSmallMrc(volume, SHAPE, VOXEL, (x) => x)
  writeSmallMrc(mask, SHAPE, VOXEL, labelAt)
  await openThroughDialog(desktop, volume)
  await volumeShown(desktop, 'volume.mrc')
  await app.evaluate(({ dialog }, chosen) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
  }, mask)
  await page.getByRole('button', { name: 'Open a mask…' }).click()
  await page.getByRole('region', { name: 'Labels' }).waitFor()
  await page.getByRole('toolbar', { name: 'Panes' }).getByRole('button', { name: '3D' }).click()
  await page.getByLabel('In 3D').selectOption('nothing')
  await page.waitForTimeout(600)
  const found = await page.locator('canvas').boundingBox()
  if (!found) throw new Error('no picture')
  box = found
})
afterAll(() => desktop?.close())

const settled = () => desktop.page.waitForTimeout(500)

async function pixels(): Promise<Rgb[]> {
  const points: [number, number][] = []
  for (let i = 8; i < 92; i++)
    for (let j = 14; j < 90; j++) points.push([box.x + (box.width * i) / 100, box.y + (box.height * j) / 100])
  return pixelsAt(desktop.page, points)
}

/** How near a colour is to another in hue, whatever its light. */
function isOfHue(rgb: Rgb, color: Rgb): boolean {
  const most = Math.max(...rgb)
  if (most < 40 || most - Math.min(...rgb) < 30) return false
  const scale = Math.max(...color) / most
  return rgb.every((one, channel) => Math.abs(one * scale - color[channel]) < 70)
}

function colorOf(hex: string): Rgb {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as Rgb
}

async function labelColors(): Promise<Rgb[]> {
  const inputs = desktop.page.getByRole('region', { name: 'Labels' }).locator('input[type=color]')
  return Promise.all([0, 1].map(async (index) => colorOf(await inputs.nth(index).inputValue())))
}

const madeAgain = async () => {
  await desktop.page
    .getByTestId('surfaces')
    .filter({ hasText: /· surfaces$/ })
    .waitFor()
  await settled()
}

/** Pixels of the ball and of the block. */
async function seen(): Promise<[number, number]> {
  const [colors, all] = [await labelColors(), await pixels()]
  const [ball, block] = colors.map((color) => all.filter((one) => isOfHue(one, color)).length)
  return [ball, block]
}

/** How bright the block is where it is brightest. */
async function brightest(): Promise<number> {
  const [, color] = await labelColors()
  return Math.max(...(await pixels()).filter((one) => isOfHue(one, color)).map((rgb) => Math.max(...rgb)))
}

const labels = () => desktop.page.getByRole('region', { name: 'Labels' })
const layout = (name: string) =>
  desktop.page.getByRole('toolbar', { name: 'Panes' }).getByRole('button', { name, exact: true }).click()

describe('surfaces of labels in 3D', () => {
  it('are drawn lit in the colours of the labels, as solid as the slices show them faint', async () => {
    const { page } = desktop
    await labels().getByRole('slider', { name: 'Opacity of all labels' }).fill('0.05')
    await settled()
    const faint = await brightest()
    await page.getByLabel('Surfaces of labels').check()
    await madeAgain()
    expect(await brightest()).toBeGreaterThan(faint + 50)
    const [ball, block] = await seen()
    expect(ball).toBeGreaterThan(200)
    expect(block).toBeGreaterThan(300)
    // The faces of the block are lit each by itself.
    const [, color] = await labelColors()
    const lights = (await pixels()).filter((one) => isOfHue(one, color)).map((rgb) => Math.max(...rgb))
    expect(Math.max(...lights)).toBeGreaterThan(1.5 * Math.min(...lights))
    await desktop.screenshot('86-surfaces')
  })

  it('are hidden and coloured with their labels', async () => {
    const { page } = desktop
    const [ball] = await seen()
    await labels().getByRole('button', { name: 'Hide Label 2' }).click()
    await settled()
    const [stays, hidden] = await seen()
    expect(hidden).toBe(0)
    expect(stays).toBeGreaterThanOrEqual(ball)
    await labels().locator('input[type=color]').first().fill('#d02090')
    await settled()
    expect((await labelColors())[0]).toEqual([208, 32, 144])
    expect((await seen())[0]).toBeGreaterThan(0.8 * stays)
    await labels().getByRole('button', { name: 'Show Label 2' }).click()
    await page.getByLabel('Cut away').selectOption('x')
    await settled()
    const [kept, cut] = await seen()
    expect(kept).toBeGreaterThan(200)
    expect(cut).toBe(0)
    await page.getByLabel('Cut away').selectOption('')
  })

  it('follow the corrections', async () => {
    const { page } = desktop
    const before = await seen()
    await layout('XY')
    await page.getByLabel('Voxel z').fill('16')
    await page.keyboard.press('Enter')
    await settled()
    await page.locator('canvas').focus()
    await page.keyboard.press('x')
    const scale = Math.min((box.width - 3) / SHAPE[0], (box.height - 3) / SHAPE[1])
    await page.mouse.click(box.x + box.width / 2 + (50 - 32) * scale, box.y + box.height / 2 + 20)
    await page.getByRole('button', { name: /^Undo/ }).and(page.locator(':enabled')).waitFor()
    await layout('3D')
    await expect.poll(async () => (await seen())[1], { timeout: 15_000 }).toBe(0)
    await page.getByRole('button', { name: /^Undo/ }).click()
    await expect.poll(async () => (await seen())[1], { timeout: 15_000 }).toBe(before[1])
    await desktop.screenshot('87-surfaces-again')
  })

  it('lie over the projection, and are switched off', async () => {
    const { page } = desktop
    await page.getByLabel('In 3D').selectOption('maximum')
    await settled()
    expect((await seen())[1]).toBeGreaterThan(200)
    await layout('All')
    await settled()
    await desktop.screenshot('88-surfaces-all')
    await layout('3D')
    await page.getByLabel('In 3D').selectOption('nothing')
    await settled()
    const lit = await brightest()
    await page.getByLabel('Surfaces of labels').uncheck()
    await settled()
    expect(await brightest()).toBeLessThan(lit - 50)
    expect(await page.getByTestId('surfaces').count()).toBe(0)
    expect(desktop.complaints).toEqual([])
  })
})
