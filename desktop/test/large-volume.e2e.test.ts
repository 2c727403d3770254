import { readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { int16Bytes, mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'
import { pixelsAt } from './pixels.ts'
import { writeZarrImage } from './zarr-image.ts'

const [NX, NY, NZ] = [230, 150, 90]
const MIDDLE_Z = 45
/** Between panes; on the right and below. */
const PANE_GAP_PX = 3
/** A bright bar near the right and upper corner (y points up), on every plane. */
const BAR = { x: [180, 200], y: [120, 130] } as const

let desktop: DesktopApp
let file: string

/** Grey; one plane with stripes one voxel wide that every average hides; a bar off the middle. */
function markedVolume(): Uint8Array {
  const voxels = new Int16Array(NX * NY * NZ)
  for (let z = 0, at = 0; z < NZ; z++)
    for (let y = 0; y < NY; y++)
      for (let x = 0; x < NX; x++, at++) {
        const isBar = x >= BAR.x[0] && x < BAR.x[1] && y >= BAR.y[0] && y < BAR.y[1]
        voxels[at] = isBar ? 1000 : z === MIDDLE_Z && y < 60 && x < 100 ? (x & 1) * 1000 : 500
      }
  const n = [NX, NY, NZ]
  return mrcBytes({ n, mode: 1, cell: n.map((size) => size * 10), body: int16Bytes(voxels) })
}

beforeAll(async () => {
  desktop = await launchDesktop()
  file = path.join(desktop.folder, 'marked.mrc')
  writeFileSync(file, markedVolume())
  await openThroughDialog(desktop, file)
  await volumeShown(desktop, 'marked.mrc')
})
afterAll(() => desktop?.close())

const resolution = (pane: string) => desktop.page.getByTestId(`resolution-${pane}`).textContent()
const levelsFolder = () => path.join(desktop.folder, 'user', 'levels')

async function crosshair(): Promise<number[]> {
  return ((await desktop.page.getByTestId('crosshair').textContent()) ?? '').split(',').map(Number)
}

/** Window pixel of a voxel's middle when XY is alone. */
async function pixelOf(x: number, y: number, isYDown = false): Promise<[number, number]> {
  const box = await desktop.page.locator('canvas').boundingBox()
  if (!box) throw new Error('no picture')
  const [width, height] = [box.width - PANE_GAP_PX, box.height - PANE_GAP_PX]
  const perVoxel = Math.min(width / NX, height / NY)
  const [cx, cy] = [box.x + width / 2, box.y + height / 2]
  const up = (y + 0.5 - NY / 2) * perVoxel
  return [cx + (x + 0.5 - NX / 2) * perVoxel, isYDown ? cy + up : cy - up]
}

/** Brightness of neighbouring voxels of a row of the stripes. */
async function stripes(): Promise<number[]> {
  const points: [number, number][] = []
  for (let x = 20; x < 40; x++) points.push(await pixelOf(x, 20))
  return (await pixelsAt(desktop.page, points)).map(([r]) => r)
}

async function stripeMean(): Promise<number> {
  const greys = await stripes()
  return greys.reduce((sum, grey) => sum + grey, 0) / greys.length
}

async function stripeContrast(): Promise<number> {
  const greys = await stripes()
  return Math.max(...greys.slice(1).map((grey, i) => Math.abs(grey - greys[i])))
}

describe('a volume larger than what is drawn', () => {
  it('says which level is shown, and shows the slices at full resolution once one stops', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'XY', exact: true }).click()
    expect(await resolution('xy')).toContain('full resolution')
    await page.getByLabel('Level on show').selectOption({ label: '2 M voxels' })
    await page.getByText('level 1/2').waitFor()
    await expect.poll(() => resolution('xy'), { timeout: 20_000 }).toContain('full resolution')
    await page.waitForTimeout(500)
    expect(await stripeContrast()).toBeGreaterThan(60)
    await desktop.screenshot('20-level-with-full-slice')
  })

  it('goes from plane to plane of the file, not of the level', async () => {
    const { page } = desktop
    const [x, y, z] = await crosshair()
    expect(z).toBe(MIDDLE_Z)
    const [px, py] = await pixelOf(100, 100)
    await page.mouse.move(px, py)
    await page.mouse.wheel(0, -120)
    await expect.poll(crosshair, { timeout: 20_000 }).toEqual([x, y, z + 1])
    await expect.poll(() => resolution('xy'), { timeout: 20_000 }).toContain('full resolution')
    await page.waitForTimeout(300)
    expect(await stripeContrast()).toBeLessThan(20)
    await page.mouse.wheel(0, 120)
    await expect.poll(crosshair, { timeout: 20_000 }).toEqual([x, y, z])
  })

  it('shows several planes together', async () => {
    const { page } = desktop
    await page.getByLabel('Planes together').selectOption('3')
    await page.getByLabel('Shown as').selectOption({ label: 'Maximum' })
    await expect.poll(() => resolution('xy'), { timeout: 20_000 }).toContain('maximum of 3 planes')
    await page.waitForTimeout(300)
    const ofMaximum = await stripeContrast()
    const brightest = await stripeMean()
    await page.getByLabel('Shown as').selectOption({ label: 'Minimum' })
    await expect.poll(() => resolution('xy'), { timeout: 20_000 }).toContain('minimum of 3 planes')
    await page.waitForTimeout(300)
    // The darkest of stripes of 0 and 1000 and of planes of 500 is nowhere above 500, the black end; the bar is in all.
    expect(await stripeContrast()).toBeLessThan(5)
    expect(await stripeMean()).toBeLessThan(brightest - 40)
    const [[onBar]] = await pixelsAt(page, [await pixelOf(190, 125)])
    expect(onBar).toBeGreaterThan(200)
    await page.getByLabel('Shown as').selectOption({ label: 'Average' })
    await expect.poll(() => resolution('xy'), { timeout: 20_000 }).toContain('mean of 3 planes')
    await page.waitForTimeout(300)
    const ofMean = await stripeContrast()
    await desktop.screenshot('21-slab-mean')
    expect(ofMaximum).toBeGreaterThan(ofMean + 10)
    expect(ofMean).toBeGreaterThan(20)
    await page.getByLabel('Planes together').selectOption('1')
  })

  it('shows planes across x at full resolution too', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'YZ', exact: true }).click()
    await expect.poll(() => resolution('yz'), { timeout: 20_000 }).toContain('full resolution')
    await page.getByRole('button', { name: 'All', exact: true }).click()
    for (const pane of ['xy', 'xz', 'yz'])
      await expect.poll(() => resolution(pane), { timeout: 20_000 }).toContain('full resolution')
    expect(await resolution('3d')).toContain('1/2')
    await page.waitForTimeout(500)
    await desktop.screenshot('22-four-panes-of-a-level')
    await page.getByRole('button', { name: 'XY', exact: true }).click()
  })
})

describe('y pointing down', () => {
  it('mirrors the picture of XY, and a click still finds its voxel', async () => {
    const { page } = desktop
    const inBar = [190, 125] as const
    await page.waitForTimeout(500)
    const isBright = async (isYDown: boolean) => {
      const [[grey]] = await pixelsAt(page, [await pixelOf(...inBar, isYDown)])
      return grey > 200
    }
    expect([await isBright(false), await isBright(true)]).toEqual([true, false])
    await page.getByLabel('Y points down in XY').check()
    await page.waitForTimeout(500)
    expect([await isBright(false), await isBright(true)]).toEqual([false, true])
    await page.mouse.click(...(await pixelOf(...inBar, true)))
    await expect.poll(async () => (await crosshair()).slice(0, 2), { timeout: 20_000 }).toEqual([...inBar])
    await desktop.screenshot('23-y-down')
    await page.getByLabel('Y points down in XY').uncheck()
    await page.waitForTimeout(500)
    await page.mouse.click(...(await pixelOf(...inBar)))
    await expect.poll(async () => (await crosshair()).slice(0, 2), { timeout: 20_000 }).toEqual([...inBar])
  })
})

describe('the levels on disk', () => {
  it('are built once for a file, and again when they were damaged', async () => {
    const entries = readdirSync(levelsFolder())
    expect(entries).toHaveLength(1)
    const entry = path.join(levelsFolder(), entries[0])
    const madeMs = statSync(path.join(entry, 'level-2.u8')).mtimeMs
    await openThroughDialog(desktop, file)
    await volumeShown(desktop, 'marked.mrc')
    expect(statSync(path.join(entry, 'level-2.u8')).mtimeMs).toBe(madeMs)
    truncateSync(path.join(entry, 'level-2.u8'), 1000)
    await openThroughDialog(desktop, file)
    await expect.poll(() => statSync(path.join(entry, 'level-2.u8')).size, { timeout: 20_000 }).toBe(115 * 75 * 45)
    await volumeShown(desktop, 'marked.mrc')
  })
})

describe('a lost graphics context', () => {
  const loseContext = () =>
    desktop.page.evaluate(() => {
      document.querySelector('canvas')?.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext()
    })

  it('comes back one level coarser each time, with full slices, however small the volume is', async () => {
    const { page } = desktop
    await page.getByLabel('Level on show').selectOption('')
    await page.getByText('full resolution').first().waitFor()
    await expect.poll(() => page.getByText(/level 1\/\d/).count()).toBe(0)
    await loseContext()
    await page.getByText('level 1/2').waitFor()
    await loseContext()
    await page.getByText('level 1/4').waitFor()
    await expect.poll(() => resolution('xy'), { timeout: 20_000 }).toContain('full resolution')
    await page.waitForTimeout(500)
    await desktop.screenshot('24-after-a-lost-context')
    expect(await stripeContrast()).toBeGreaterThan(60)
  })

  it('is forgotten once the user chooses a level, or another volume is open', async () => {
    const { page } = desktop
    const shownLevels = () => page.getByText(/level 1\/\d/).count()
    await page.getByLabel('Level on show').selectOption('64 M voxels')
    await expect.poll(shownLevels).toBe(0)
    await loseContext()
    await page.getByText('level 1/2').waitFor()
    await openThroughDialog(desktop, file)
    await volumeShown(desktop, 'marked.mrc')
    await expect.poll(shownLevels).toBe(0)
    await page.getByLabel('Level on show').selectOption('2 M voxels')
    await page.getByText('level 1/2').waitFor()
  })
})

describe('an axis longer than the graphics card takes', () => {
  it('is shown at a level that fits, with full slices', async () => {
    const n = [4100, 40, 30]
    const long = path.join(desktop.folder, 'long.mrc')
    const voxels = Int16Array.from({ length: 4100 * 40 * 30 }, (_, i) => i % 4100)
    writeFileSync(long, mrcBytes({ n, mode: 1, cell: n, body: int16Bytes(voxels) }))
    await openThroughDialog(desktop, long)
    await volumeShown(desktop, 'long.mrc')
    await expect.poll(() => resolution('xy'), { timeout: 20_000 }).toContain('full resolution')
    await desktop.screenshot('25-long-axis')
    const [x] = await crosshair()
    expect(x).toBe(2050)
    expect(Number(await desktop.page.getByTestId('voxel-value').getAttribute('data-value'))).toBe(2050)
    const panel = (await desktop.page.getByRole('region', { name: 'Volume', exact: true }).textContent()) ?? ''
    expect(panel).toMatch(/level 1\/(4|8), slices at full resolution/)
  })
})

describe.each(['0.4', '0.5'] as const)('an OME-Zarr folder of version %s', (version) => {
  it('is opened with the levels that it brings, none of which is built', async () => {
    const name = `image-${version}.ome.zarr`
    const folder = path.join(desktop.folder, name)
    writeZarrImage(folder, {
      ...{ version, shapeXyz: [150, 110, 70], chunk: 32, voxelNm: [2, 2, 2], originNm: [0, 0, 0], numLevels: 3 },
      // Levels of their own values, so that it is seen which is shown.
      valueAt: (x, y, z, level) => 10_000 * level + ((x + 2 * y + 3 * z) % 251),
    })
    const before = readdirSync(levelsFolder())
    await openThroughDialog(desktop, path.join(folder, version === '0.4' ? '.zattrs' : 'zarr.json'))
    await volumeShown(desktop, name)
    const panel = (await desktop.page.getByRole('region', { name: 'Volume', exact: true }).textContent()) ?? ''
    for (const text of ['150 × 110 × 70', '2 nm', 'OME-Zarr, uint16']) expect(panel).toContain(text)
    const [x, y, z] = await crosshair()
    const value = await desktop.page.getByTestId('voxel-value').getAttribute('data-value')
    expect(Number(value)).toBe((x + 2 * y + 3 * z) % 251)
    expect(Number(await desktop.page.getByRole('textbox', { name: 'White' }).inputValue())).toBeGreaterThan(20_000)
    expect(readdirSync(levelsFolder())).toEqual(before)
  })
})
