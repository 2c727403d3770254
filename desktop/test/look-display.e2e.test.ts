import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, openThroughDialog, SAMPLE, volumeShown } from './desktop-app.ts'
import { pixelsAt, type Rgb, saturation } from './pixels.ts'
import { writeSmallMrc } from './small-mrc.ts'

let desktop: DesktopApp
let box: { x: number; y: number; width: number; height: number }

beforeAll(async () => {
  desktop = await launchDesktop()
  desktop.page.setDefaultTimeout(10_000)
  // A ramp along x; one bright block that none of the three middle planes meets.
  const file = path.join(desktop.folder, 'ramp.mrc')
  writeSmallMrc(file, [64, 48, 32], [10, 10, 10], (x, y, z) =>
    x > 44 && x < 54 && y > 30 && y < 40 && z > 22 ? 200 : x,
  )
  await openThroughDialog(desktop, file)
  await volumeShown(desktop, 'ramp.mrc')
})
afterAll(() => desktop?.close())

async function pane(name: string): Promise<void> {
  await desktop.page.getByRole('button', { name, exact: true }).click()
  await settled()
  const found = await desktop.page.locator('canvas').boundingBox()
  if (!found) throw new Error('no picture')
  box = found
}
const settled = () => desktop.page.waitForTimeout(500)

/** Colours at voxels along x of the XY slice, below the middle. */
async function along(xs: readonly number[]): Promise<Rgb[]> {
  const scale = Math.min(box.width / 64, box.height / 48)
  return pixelsAt(
    desktop.page,
    xs.map((x) => [box.x + box.width / 2 + (x + 0.5 - 32) * scale, box.y + box.height / 2 + 100]),
  )
}

/** The largest brightness and how many bright pixels there are in 3D. */
async function brightIn3d(): Promise<number> {
  const points: [number, number][] = []
  for (let i = 10; i < 90; i++)
    for (let j = 15; j < 90; j++) points.push([box.x + (box.width * i) / 100, box.y + (box.height * j) / 100])
  return (await pixelsAt(desktop.page, points)).filter(([r, g, b]) => Math.min(r, g, b) > 240).length
}

const uploads = () => desktop.page.evaluate(() => (window as unknown as { uploads: number }).uploads)

/** Presses the histogram at a share of its width, half way up, and lets go elsewhere. */
async function dragOnPlot(from: number, to: number): Promise<void> {
  const plot = await desktop.page.locator('svg.histogram').boundingBox()
  if (!plot) throw new Error('no histogram')
  const y = plot.y + plot.height / 2
  await desktop.page.mouse.move(plot.x + from * plot.width, y)
  await desktop.page.mouse.down()
  await desktop.page.mouse.move(plot.x + ((from + to) / 2) * plot.width, y, { steps: 3 })
  await desktop.page.mouse.move(plot.x + to * plot.width, y, { steps: 3 })
  await desktop.page.mouse.up()
  await settled()
}

async function ends(): Promise<[number, number]> {
  const of = async (name: string) => Number(await desktop.page.getByRole('slider', { name, exact: true }).inputValue())
  return [await of('Black'), await of('White')]
}

describe('colours', () => {
  it('go by window, inversion, gamma and map, without a new texture of the volume', async () => {
    const { page } = desktop
    await pane('XY')
    await page.getByLabel('Black').last().fill('0')
    await page.getByLabel('White').last().fill('63')
    await page.keyboard.press('Enter')
    await page.evaluate(() => {
      const counted = window as unknown as { uploads: number }
      counted.uploads = 0
      const prototype = WebGL2RenderingContext.prototype as unknown as Record<string, (...input: unknown[]) => unknown>
      for (const name of ['texImage3D', 'texStorage3D', 'texSubImage3D']) {
        const original = prototype[name]
        prototype[name] = function (this: unknown, ...input: unknown[]) {
          counted.uploads++
          return original.apply(this, input)
        }
      }
    })
    await settled()
    const xs = [8, 20, 44, 56]
    const gray = await along(xs)
    gray.forEach(([r, g, b], i) => {
      expect(Math.abs(r - (xs[i] / 63) * 255)).toBeLessThan(6)
      expect([g, b]).toEqual([r, r])
    })
    await page.getByLabel('Invert').check()
    await settled()
    for (const [i, [r]] of (await along(xs)).entries()) expect(Math.abs(r + gray[i][0] - 255)).toBeLessThan(3)
    await page.getByLabel('Invert').uncheck()
    await page.getByLabel('Gamma').fill('2')
    await settled()
    for (const [i, [r]] of (await along(xs)).entries())
      expect(Math.abs(r - 255 * Math.sqrt(gray[i][0] / 255))).toBeLessThan(3)
    await page.getByLabel('Gamma').fill('1')
    await page.getByLabel('Colours').selectOption('viridis')
    await page.getByLabel('White').last().fill('50')
    await page.keyboard.press('Enter')
    await settled()
    const [dark, , , light] = await along(xs)
    expect(saturation(dark)).toBeGreaterThan(40)
    // The bright end of viridis is yellow.
    expect(light[0]).toBeGreaterThan(light[2] + 100)
    expect(await uploads()).toBe(0)
    await pane('All')
    await desktop.screenshot('72-viridis')
    await page.getByLabel('Colours').selectOption('gray')
    await page.getByRole('button', { name: 'Auto', exact: true }).click()
  })
})

describe('the histogram', () => {
  it('has the ends of the window on it, to drag alone or together, without a new texture of the volume', async () => {
    const { page } = desktop
    await pane('XY')
    await page.getByLabel('Black').last().fill('0')
    await page.getByLabel('White').last().fill('199')
    await page.keyboard.press('Enter')
    const before = await uploads()
    await dragOnPlot(0, 0.1)
    await dragOnPlot(1, 0.3)
    const [low, high] = await ends()
    expect(low).toBeCloseTo(0.1, 1)
    expect(high).toBeCloseTo(0.3, 1)
    // The picture follows: the ramp is white from the white end on.
    const xs = [24, 40]
    const shown = (x: number) => (255 * (x / 199 - low)) / (high - low)
    for (const [i, [r]] of (await along(xs)).entries()) expect(Math.abs(r - shown(xs[i]))).toBeLessThan(14)
    await dragOnPlot(0.2, 0.5)
    const [movedLow, movedHigh] = await ends()
    expect(movedLow - low).toBeCloseTo(0.3, 1)
    expect(movedHigh - movedLow).toBeCloseTo(high - low, 2)
    for (const [r] of await along(xs)) expect(r).toBeLessThan(4)
    expect(await uploads()).toBe(before)
    await desktop.screenshot('77-window-on-histogram')
  })

  it('is moved by keys too', async () => {
    const { page } = desktop
    const before = await ends()
    await page.getByRole('slider', { name: 'Black and white together' }).focus()
    for (let i = 0; i < 2; i++) await page.keyboard.press('PageDown')
    const after = await ends()
    for (const end of [0, 1]) expect(before[end] - after[end]).toBeCloseTo(0.1, 2)
    await page.getByRole('slider', { name: 'White', exact: true }).focus()
    await page.keyboard.press('ArrowRight')
    expect((await ends())[1]).toBeGreaterThan(after[1])
    await page.getByRole('button', { name: 'Auto', exact: true }).click()
    await pane('All')
  })
})

describe('3D', () => {
  it('shows the brightest along each line of sight, or what the planes meet', async () => {
    const { page } = desktop
    await page.getByLabel('White').last().fill('190')
    await page.keyboard.press('Enter')
    await pane('3D')
    const projected = await brightIn3d()
    await desktop.screenshot('73-maximum')
    await page.getByLabel('In 3D').selectOption('planes')
    await settled()
    expect(projected).toBeGreaterThan(30)
    expect(await brightIn3d()).toBe(0)
  })

  it('leaves out what is cut away', async () => {
    const { page } = desktop
    await page.getByLabel('In 3D').selectOption('maximum')
    await page.getByLabel('Cut away').selectOption('x')
    await settled()
    expect(await brightIn3d()).toBe(0)
    await page.getByLabel('Keep up to').fill('1')
    await settled()
    expect(await brightIn3d()).toBeGreaterThan(30)
    await page.getByLabel('In 3D').selectOption('volume')
    await settled()
    await desktop.screenshot('74-volume')
    await page.getByLabel('In 3D').selectOption('maximum')
  })

  it('shows what is in a tomogram, whose density is dark, and no white block', async () => {
    const { page } = desktop
    await page.getByLabel('In 3D').selectOption('densest')
    await openThroughDialog(desktop, SAMPLE)
    await volumeShown(desktop, 'sample.mrc')
    await pane('3D')
    expect(await page.getByTestId('projected').textContent()).toContain('smallest values')
    // Around the middle, within the box of the volume: gold beads are black, the membrane grey, the rest bright.
    const points: [number, number][] = []
    for (let i = 0; i < 50; i++)
      for (let j = 0; j < 50; j++)
        points.push([box.x + box.width * (0.35 + i * 0.006), box.y + box.height * (0.4 + j * 0.004)])
    const greys = (await pixelsAt(page, points)).map(([r]) => r)
    const share = (isIn: (grey: number) => boolean) => greys.filter(isIn).length / greys.length
    expect(share((grey) => grey < 50)).toBeGreaterThan(0.005)
    expect(share((grey) => grey > 50 && grey < 150)).toBeGreaterThan(0.3)
    expect(share((grey) => grey > 150)).toBeGreaterThan(0.1)
    await page.getByLabel('Invert').check()
    expect(await page.getByTestId('projected').textContent()).toContain('smallest values')
    await page.getByLabel('In 3D').selectOption('minimum')
    expect(await page.getByTestId('projected').textContent()).toContain('largest values')
    await page.getByLabel('Invert').uncheck()
    await page.getByLabel('In 3D').selectOption('densest')
  })

  it('is drawn of a tomogram too, and nothing was complained about', async () => {
    await openThroughDialog(desktop, SAMPLE)
    await volumeShown(desktop, 'sample.mrc')
    await pane('All')
    await settled()
    await desktop.screenshot('75-sample-densest')
    expect(desktop.complaints).toEqual([])
  })
})
