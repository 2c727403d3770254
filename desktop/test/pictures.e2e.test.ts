import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, openThroughDialog, ROOT, volumeShown } from './desktop-app.ts'
import { longestRun, pngTexts, readPicture } from './saved-pictures.ts'
import { writeSmallMrc } from './small-mrc.ts'

let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop()
  desktop.page.setDefaultTimeout(15_000)
  // Dark on the left, grey on the right, white only at the top; 1 nm a voxel.
  const file = path.join(desktop.folder, 'halves.mrc')
  writeSmallMrc(file, [64, 48, 32], [10, 10, 10], (x, y) => (y > 39 ? 140 : x < 40 ? 20 : 100))
  await openThroughDialog(desktop, file)
  await volumeShown(desktop, 'halves.mrc')
  await desktop.page.getByLabel('Black').last().fill('0')
  await desktop.page.getByLabel('White').last().fill('140')
  await desktop.page.keyboard.press('Enter')
})
afterAll(() => desktop?.close())

const out = (name: string) => path.join(desktop.folder, name)
const sheet = () => desktop.page.getByRole('dialog', { name: 'Save picture' })

async function openSheet(): Promise<void> {
  await desktop.app.evaluate(({ Menu }) => Menu.getApplicationMenu()?.getMenuItemById('screenshot')?.click())
  await sheet().waitFor()
}

async function closeSheet(): Promise<void> {
  await desktop.page.keyboard.press('Escape')
  // A dialog that is closed is there until the page knows of it.
  await desktop.page.locator('dialog.sheet').waitFor({ state: 'detached' })
}

/** Saves a picture by the sheet. */
async function save(name: string, choice: { of?: string; scale: 1 | 2 | 4; without?: string[] }) {
  await openSheet()
  if (choice.of) await sheet().getByLabel('Picture of').selectOption({ label: choice.of })
  await sheet().getByRole('combobox', { name: /^Size/ }).selectOption(String(choice.scale))
  for (const part of choice.without ?? []) await sheet().getByLabel(part).uncheck()
  await desktop.saveTo(out(name))
  await sheet().getByRole('button', { name: 'Save picture…' }).click()
  await desktop.page
    .getByRole('status')
    .filter({ hasText: `Saved ${name}` })
    .waitFor()
  await desktop.page.getByRole('button', { name: 'Dismiss', exact: true }).first().click()
  const picture = await readPicture(desktop, out(name))
  const facts = JSON.parse(pngTexts(out(name)).Provenance)
  return { picture, facts }
}

describe('a picture of a slice', () => {
  it('has twice and four times the pixels, and a bar of the right length in each', async () => {
    const sizes: [number, number, number][] = []
    for (const scale of [1, 2, 4] as const) {
      const { picture, facts } = await save(`xy-${scale}.png`, { of: 'XY slice', scale })
      const [bar] = facts.picture.scale_bars
      expect(facts.picture).toMatchObject({ scale, shown: 'xy', width_px: picture.width, height_px: picture.height })
      expect(longestRun(picture, [255, 255, 255])).toBe(bar.length_px)
      // The slice fills its pane across or down; a voxel is 1 nm.
      const pxPerNm = Math.min(picture.width / 64, picture.height / 48)
      const lengthNm = Number(/^([\d.]+) nm$/.exec(bar.length)?.[1])
      expect(Math.abs(bar.length_px / (lengthNm * pxPerNm) - 1)).toBeLessThan(0.02)
      sizes.push([picture.width, picture.height, bar.length_px])
    }
    for (const [index, scale] of [2, 4].entries()) {
      expect(sizes[index + 1].slice(0, 2)).toEqual(sizes[0].slice(0, 2).map((size) => size * scale))
      expect(Math.abs(sizes[index + 1][2] - sizes[0][2] * scale)).toBeLessThanOrEqual(scale)
    }
  })

  it('is drawn anew at its size, not enlarged', async () => {
    const greys = async (scale: 1 | 4) => {
      const { width, height, rgb } = await readPicture(desktop, out(`xy-${scale}.png`))
      const row = Math.floor(height * 0.4) * width * 3
      return new Set(Array.from({ length: width }, (_, x) => rgb[row + x * 3])).size
    }
    // Between two voxels a four times finer picture has more steps.
    expect(await greys(4)).toBeGreaterThan(2 * (await greys(1)))
  })

  it('is without what was not wanted', async () => {
    const { picture, facts } = await save('bare.png', { of: 'XY slice', scale: 1, without: ['Scale bar'] })
    expect(longestRun(picture, [255, 255, 255])).toBe(0)
    expect(facts.picture.scale_bars).toEqual([])
    await openSheet()
    await sheet().getByLabel('Scale bar').check()
    await closeSheet()
  })

  it('is not saved, and can still be, when no place was chosen', async () => {
    await openSheet()
    await desktop.app.evaluate(({ dialog }) => {
      dialog.showSaveDialog = async () => ({ canceled: true, filePath: '' })
    })
    await sheet().getByRole('button', { name: 'Save picture…' }).click()
    await expect.poll(() => sheet().getByRole('button', { name: 'Save picture…' }).isEnabled()).toBe(true)
    await closeSheet()
    await save('after-all.png', { scale: 1 })
  })
})

describe('a picture with a measurement', () => {
  it('shows it in its slice, or leaves it out', async () => {
    const { page } = desktop
    const canvas = await page.locator('canvas').boundingBox()
    if (!canvas) throw new Error('no picture')
    await page.getByRole('button', { name: 'Distance', exact: true }).click()
    for (const x of [100, 250]) await page.mouse.click(canvas.x + x, canvas.y + 250)
    await page.getByRole('button', { name: 'Distance', exact: true }).click()
    const yellow = [255, 209, 102] as const
    const { picture, facts } = await save('measured.png', { of: 'XY slice', scale: 2 })
    expect(facts.picture.has_measurements).toBe(true)
    expect(Math.abs(longestRun(picture, yellow) - 300)).toBeLessThanOrEqual(4)
    const { picture: bare } = await save('bare-measured.png', { of: 'XY slice', scale: 2, without: ['Measurements'] })
    expect(longestRun(bare, yellow)).toBe(0)
    writeFileSync(path.join(ROOT, 'test-out/screenshots/91-measured.png'), readFileSync(out('measured.png')))
  })
})

describe('a picture of the 3D view', () => {
  it('has a bar of the right length', async () => {
    const { picture, facts } = await save('3d.png', { of: '3D view', scale: 2 })
    const [bar] = facts.picture.scale_bars
    expect(bar.shown).toBe('3d')
    const pxPerNm = bar.length_px / Number(/^([\d.]+) nm$/.exec(bar.length)?.[1])
    // Seen from 125°, without perspective, the box of 64 × 48 nm is this wide. Behind it is the background.
    const turn = (125 * Math.PI) / 180
    const wideNm = 64 * Math.abs(Math.cos(turn)) + 48 * Math.abs(Math.sin(turn))
    const { width, height, rgb } = picture
    const isBackground = (x: number, y: number) => rgb[(y * width + x) * 3 + 2] === rgb[2]
    const columns = Array.from({ length: width }, (_, x) => x).filter((x) =>
      Array.from({ length: Math.floor(height * 0.6) }, (_, y) => y).some((y) => !isBackground(x, y)),
    )
    const wide = columns[columns.length - 1] - columns[0] + 1
    expect(Math.abs(wide / (wideNm * pxPerNm) - 1)).toBeLessThan(0.015)
  })
})

describe('a picture with a mask', () => {
  it('shows it as it is on the screen, or leaves it out', async () => {
    const { app, page } = desktop
    const file = out('mask.mrc')
    writeSmallMrc(file, [64, 48, 32], [10, 10, 10], (x, y) => (x > 10 && x < 30 && y > 10 && y < 30 ? 1 : 0))
    await app.evaluate(({ dialog }, chosen) => {
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
    }, file)
    await page.getByRole('button', { name: 'Open a mask…' }).click()
    await page.getByRole('toolbar', { name: 'Tools' }).waitFor()
    const share = ({ rgb }: { rgb: Uint8Array }) => {
      let colored = 0
      for (let at = 0; at < rgb.length; at += 3)
        if (Math.max(rgb[at], rgb[at + 1], rgb[at + 2]) - Math.min(rgb[at], rgb[at + 1], rgb[at + 2]) > 40) colored++
      return (colored * 3) / rgb.length
    }
    const shown = await save('mask.png', { of: 'XY slice', scale: 2 })
    expect(shown.facts.picture.mask).toMatchObject({ name: 'mask.mrc' })
    // 19 × 19 of 64 × 48 voxels, where the pane is as wide as the slice.
    const slice = (shown.picture.width ** 2 * 48) / 64 / (shown.picture.width * shown.picture.height)
    expect(Math.abs(share(shown.picture) / (((19 * 19) / (64 * 48)) * slice) - 1)).toBeLessThan(0.1)
    const bare = await save('no-mask.png', { of: 'XY slice', scale: 2, without: ['Mask'] })
    expect(share(bare.picture)).toBe(0)
    expect(bare.facts.picture.mask).toBeNull()
    writeFileSync(path.join(ROOT, 'test-out/screenshots/89-picture-mask.png'), readFileSync(out('mask.png')))
    await page.getByRole('button', { name: 'Done' }).click()
  })
})

describe('a picture of all panes', () => {
  it('shows each with its bar, and leaves the window as it was', async () => {
    const before = await desktop.page.locator('canvas').boundingBox()
    const shown = await desktop.page.locator('canvas').screenshot()
    await desktop.screenshot('80-before-picture')
    await openSheet()
    await desktop.screenshot('81-save-picture')
    await closeSheet()
    const { picture, facts } = await save('all.png', { of: 'All panes', scale: 2 })
    expect(picture.width).toBe(2 * Math.round(before?.width ?? 0))
    expect(facts.picture.scale_bars.map((bar: { shown: string }) => bar.shown).sort()).toEqual(['3d', 'xy', 'xz', 'yz'])
    expect(facts).toMatchObject({ program: { name: 'cryomamba' }, input: { filename: 'halves.mrc' } })
    expect(facts.picture.window.high).toBeCloseTo(140, 0)
    writeFileSync(path.join(ROOT, 'test-out/screenshots/82-picture.png'), readFileSync(out('all.png')))
    await desktop.page.mouse.move(5, 5)
    await desktop.page.waitForTimeout(300)
    expect(Buffer.compare(await desktop.page.locator('canvas').screenshot(), shown)).toBe(0)
    expect(readdirSync(desktop.folder).filter((name) => /partial|provenance/.test(name))).toEqual([])
  })

  it('says which sizes the graphics card does not draw, and does not offer them', async () => {
    const { page } = desktop
    await page.evaluate(() => {
      const { prototype } = WebGL2RenderingContext
      const original = prototype.getParameter
      prototype.getParameter = function (name: number) {
        return name === this.MAX_RENDERBUFFER_SIZE ? 2000 : original.call(this, name)
      }
    })
    await openSheet()
    await sheet().getByLabel('Picture of').selectOption({ label: 'All panes' })
    const option = sheet().locator('option').filter({ hasText: '4×' })
    expect(await option.textContent()).toContain('not possible')
    await sheet().getByText('From 4× on the picture is larger than this graphics card draws.').waitFor()
    expect(await option.isDisabled()).toBe(true)
    await desktop.screenshot('83-too-large')
    await closeSheet()
    await page.reload()
    await volumeShown(desktop, 'halves.mrc')
  })

  it('says so where no bar can be drawn', async () => {
    const file = out('unknown.mrc')
    writeSmallMrc(file, [32, 24, 16], [0, 0, 0], (x) => x)
    await openThroughDialog(desktop, file)
    await volumeShown(desktop, 'unknown.mrc')
    await openSheet()
    expect(await sheet().getByLabel('Scale bar (the voxel size is unknown)').isDisabled()).toBe(true)
    await closeSheet()
    const { facts } = await save('unknown.png', { scale: 1 })
    expect(facts.picture.scale_bars).toEqual([])
    expect(existsSync(out('unknown.png'))).toBe(true)
    expect(desktop.complaints).toEqual([])
  })
})
