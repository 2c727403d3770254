import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { int16Bytes, mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'
import { labelVoxels, toolOf } from './mask-tools.ts'
import { readMask } from './run-flow.ts'

// x, y, z: three different sizes, and voxels that are longer along z.
const [NX, NY, NZ] = [60, 44, 20]
const files = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-correct-'))
const VOLUME = path.join(files, 'tomogram.mrc')

/** A bright bar along z in a dark volume. */
const inBar = (x: number, y: number, z: number) => x >= 20 && x < 30 && y >= 12 && y < 20 && z >= 4 && z < 16

function writeVolume(file: string, value: (x: number, y: number, z: number) => number): void {
  const values: number[] = []
  for (let z = 0; z < NZ; z++) for (let y = 0; y < NY; y++) for (let x = 0; x < NX; x++) values.push(value(x, y, z))
  const cell = [NX * 10, NY * 10, NZ * 10]
  writeFileSync(file, mrcBytes({ n: [NX, NY, NZ], cell, origin: [50, 60, 70], body: int16Bytes(values) }))
}

// The machine may be busy with other tests.
const SLOW = { timeout: 30_000 }
let desktop: DesktopApp

beforeAll(async () => {
  writeVolume(VOLUME, (x, y, z) => (inBar(x, y, z) ? 200 : 20) + ((x * 7 + y * 3 + z) % 5))
  desktop = await launchDesktop([VOLUME])
  await volumeShown(desktop, 'tomogram.mrc')
})
afterAll(async () => {
  // The question whether to leave the mask would wait for a person.
  await desktop?.app
    .evaluate(({ dialog }) => {
      dialog.showMessageBoxSync = () => 0
    })
    .catch(() => undefined)
  await desktop?.close()
})

const tool = (name: string) => toolOf(desktop, name)
const voxelsOf = (label: number) => labelVoxels(desktop, label)

async function canvasBox() {
  const box = await desktop.page.locator('canvas').boundingBox()
  if (!box) throw new Error('no picture')
  return box
}

/** The voxel that the crosshair goes to when one clicks at shares of the XY pane, and the pixel. */
async function voxelUnder(shareX: number, shareY: number): Promise<{ xyz: number[]; at: [number, number] }> {
  const { page } = desktop
  const box = await canvasBox()
  const pane = await page.locator('[data-pane=xz]').boundingBox()
  const side = await page.locator('[data-pane="3d"]').boundingBox()
  if (!pane || !side) throw new Error('no panes')
  const at: [number, number] = [box.x + shareX * (side.x - box.x), box.y + shareY * (pane.y - box.y)]
  await tool('Look').click()
  await page.mouse.click(...at)
  await page.waitForTimeout(400)
  return { xyz: ((await page.getByTestId('crosshair').textContent()) ?? '').split(',').map(Number), at }
}

async function setBrush(size: number): Promise<void> {
  await desktop.page.getByLabel('Size of the brush').fill(String(size))
}

async function save(name: string) {
  const file = path.join(files, name)
  await desktop.saveTo(file)
  await desktop.page.getByRole('button', { name: 'MRC…', exact: true }).click()
  await desktop.page
    .getByRole('status')
    .filter({ hasText: `Saved ${name}` })
    .waitFor()
  await desktop.page.getByRole('button', { name: 'Dismiss', exact: true }).first().click()
  return { mask: await readMask(file), provenance: JSON.parse(readFileSync(`${file}.provenance.json`, 'utf8')) }
}

/** Voxels [x, y, z, label] that are not background. */
function drawn({ shapeZyx, voxels }: { shapeZyx: readonly [number, number, number]; voxels: ArrayLike<number> }) {
  const [, ny, nx] = shapeZyx
  return Array.from(voxels, (label, i) => [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny)), label]).filter(
    ([, , , label]) => label !== 0,
  )
}

describe('correcting a mask', () => {
  it('begins with an empty one', async () => {
    await desktop.page.getByRole('button', { name: 'Empty mask' }).click()
    await desktop.page.getByRole('toolbar', { name: 'Tools' }).waitFor()
    await desktop.screenshot('20-correct-empty')
  })

  it('draws on exactly the voxel under the pointer, and saves exactly that', async () => {
    const { xyz, at } = await voxelUnder(0.62, 0.4)
    await tool('Brush').click()
    await setBrush(1)
    await desktop.page.mouse.click(...at)
    await expect.poll(() => voxelsOf(1), SLOW).toBe(1)
    const { mask, provenance } = await save('one.mrc')
    expect(mask.shapeZyx).toEqual([NZ, NY, NX])
    expect(drawn(mask)).toEqual([[...xyz, 1]])
    expect(provenance).toMatchObject({
      input: { filename: 'tomogram.mrc' },
      original: { kind: 'empty' },
      edited: { num_operations: 1, operations: { brush: 1 } },
    })
    await desktop.page.mouse.move(5, 5)
    expect(await desktop.page.getByTestId('voxel-label').textContent()).toBe('Label 1')
  })

  it('takes it back and does it again, by keys', async () => {
    await desktop.page.keyboard.press('Control+z')
    await expect.poll(() => voxelsOf(1), SLOW).toBe(0)
    await desktop.page.keyboard.press('Control+Shift+z')
    await expect.poll(() => voxelsOf(1), SLOW).toBe(1)
    await desktop.page.keyboard.press('Control+z')
    await expect.poll(() => voxelsOf(1), SLOW).toBe(0)
  })

  it('takes a whole stroke as one step, and shows it where it was drawn', async () => {
    const { at } = await voxelUnder(0.3, 0.35)
    await tool('Brush').click()
    await setBrush(7)
    const { mouse } = desktop.page
    await mouse.move(...at)
    await mouse.down()
    for (let step = 1; step <= 12; step++) await mouse.move(at[0] + step * 9, at[1] + Math.sin(step) * 6)
    await mouse.up()
    await expect.poll(() => voxelsOf(1), SLOW).toBeGreaterThan(100)
    await desktop.page.waitForTimeout(500)
    await desktop.screenshot('21-correct-stroke')
    const count = await voxelsOf(1)
    await desktop.page.keyboard.press('Control+z')
    await expect.poll(() => voxelsOf(1), SLOW).toBe(0)
    await desktop.page.keyboard.press('Control+Shift+z')
    await expect.poll(() => voxelsOf(1), SLOW).toBe(count)
    await desktop.page.keyboard.press('Control+z')
  })

  it('grows through exactly the bright bar', async () => {
    // The bar's middle is found by the crosshair.
    const { page } = desktop
    await tool('Look').click()
    let found: { xyz: number[]; at: [number, number] } | null = null
    for (const shareX of [0.35, 0.4, 0.45, 0.5])
      for (const shareY of [0.5, 0.6, 0.65, 0.7]) {
        if (found) continue
        const place = await voxelUnder(shareX, shareY)
        if (inBar(place.xyz[0], place.xyz[1], place.xyz[2])) found = place
      }
    if (!found) throw new Error('the bar was not found')
    await tool('Grow').click()
    const options = page.getByRole('region', { name: 'Tool options' })
    await options.getByLabel('From').fill('150')
    await options.getByLabel('From').press('Enter')
    await options.getByLabel('To').fill('250')
    await options.getByLabel('To').press('Enter')
    await page.mouse.click(...found.at)
    await expect.poll(() => voxelsOf(1), SLOW).toBe(10 * 8 * 12)
    await page.waitForTimeout(500)
    await desktop.screenshot('22-correct-grown')
    const { mask } = await save('bar.mrc')
    expect(drawn(mask).every(([x, y, z]) => inBar(x, y, z))).toBe(true)
  })

  it('locks a label: drawing over it changes nothing', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Lock Label 1' }).click()
    await page.getByRole('button', { name: 'Add a label' }).click()
    await page.locator('[data-label="2"]').waitFor()
    const { at } = await voxelUnder(0.45, 0.6)
    await tool('Ball').click()
    await setBrush(15)
    await page.mouse.click(...at)
    await expect.poll(() => voxelsOf(2), SLOW).toBeGreaterThan(50)
    expect(await voxelsOf(1)).toBe(10 * 8 * 12)
    await page.getByLabel('Name of label 2').fill('ribosome')
    await page.getByLabel('Name of label 2').press('Enter')
    await page.locator('[data-label="2"]').getByText('ribosome').waitFor()
    await page.waitForTimeout(500)
    await desktop.screenshot('23-correct-two-labels')
  })

  it('shows the mask as it was before, and as it is', async () => {
    const { page } = desktop
    await page.getByLabel('Show it as it was before').check()
    await page.waitForTimeout(500)
    await desktop.screenshot('24-correct-before')
    await page.getByLabel('Show it as it was before').uncheck()
  })

  it('says that changes are not exported, and asks before the window is closed', async () => {
    await desktop.page.getByText('not exported', { exact: true }).waitFor()
    const asked = await desktop.app.evaluate(({ dialog, BrowserWindow }) => {
      const questions: string[] = []
      dialog.showMessageBoxSync = ((_window: unknown, options: { message: string }) => {
        questions.push(options.message)
        return 1
      }) as typeof dialog.showMessageBoxSync
      BrowserWindow.getAllWindows()[0].close()
      return questions
    })
    expect(asked).toEqual(['The mask has changes that were not exported.'])
    expect(await voxelsOf(1)).toBe(10 * 8 * 12)
  })

  it('exports one label alone, cropped, at its place in the world', async () => {
    const file = path.join(files, 'label.mrc')
    await desktop.saveTo(file)
    await desktop.page.locator('[data-label="1"] .label-name').click()
    await desktop.page.getByRole('button', { name: 'Only Label 1, cropped' }).click()
    await desktop.page.getByRole('status').filter({ hasText: 'Saved label.mrc' }).waitFor()
    const { shapeZyx, voxels } = await readMask(file)
    expect(shapeZyx).toEqual([12, 8, 10])
    expect(Array.from(voxels).every((label) => label === 1)).toBe(true)
    const header = readFileSync(file)
    expect([196, 200, 204].map((offset) => header.readFloatLE(offset))).toEqual([50 + 200, 60 + 120, 70 + 40])
  })
})

describe('taking it away', () => {
  it.each([
    ['Label 1: surface (STL)', 'bar.stl'],
    ['Label 1: centres of objects (STAR)', 'bar.star'],
    ['All labels: statistics (CSV)', 'all.csv'],
  ])('writes %s with its provenance', async (option, name) => {
    const { page } = desktop
    await desktop.saveTo(path.join(files, name))
    await page.getByLabel('More exports').selectOption({ label: option })
    await page
      .getByRole('status')
      .filter({ hasText: `Saved ${name}` })
      .waitFor()
    const provenance = JSON.parse(readFileSync(path.join(files, `${name}.provenance.json`), 'utf8'))
    expect(provenance).toMatchObject({ file: name, input: { filename: 'tomogram.mrc' }, original: { kind: 'empty' } })
  })

  it('has the centre of the bar in voxels and from the middle, and its voxels in the table', () => {
    const row = readFileSync(path.join(files, 'bar.star'), 'utf8')
      .split('\n')
      .find((line) => line.startsWith('tomogram '))
    expect(row?.split(' ').slice(1).map(Number)).toEqual([24.5, 15.5, 9.5, -55, -65, -5, 1])
    expect(readFileSync(path.join(files, 'all.csv'), 'utf8')).toMatch(/^1,Label 1,960,/m)
    expect(readFileSync(path.join(files, 'bar.stl')).readUInt32LE(80)).toBeGreaterThan(1000)
  })
})

describe('after the program was killed', () => {
  it('asks once about the changes, and has every one of them', async () => {
    const { folder } = desktop
    const before = [await voxelsOf(1), await voxelsOf(2)]
    const ended = new Promise((resolve) => desktop.app.process().once('exit', resolve))
    desktop.app.process().kill('SIGKILL')
    await ended
    desktop = await launchDesktop([], folder)
    const { page } = desktop
    await page.getByText('Corrections of tomogram.mrc were kept.').waitFor()
    await desktop.screenshot('25-correct-kept')
    await page.getByRole('button', { name: 'Go on with them' }).click()
    await volumeShown(desktop, 'tomogram.mrc')
    await expect.poll(async () => [await voxelsOf(1), await voxelsOf(2)], SLOW).toEqual(before)
    await page.locator('[data-label="2"]').getByText('ribosome').waitFor()
    await page.getByRole('button', { name: 'Unlock Label 1' }).waitFor()
    await page.waitForTimeout(700)
    await desktop.screenshot('26-correct-recovered')
    const { mask, provenance } = await save('recovered.mrc')
    expect(drawn(mask).filter(([, , , label]) => label === 1)).toHaveLength(before[0])
    expect(drawn(mask).filter(([, , , label]) => label === 2)).toHaveLength(before[1])
    expect(provenance.original.kind).toBe('empty')
  })

  it('keeps what is not exported when another volume is opened, and offers it at once', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Unlock Label 1' }).click()
    const { at } = await voxelUnder(0.6, 0.3)
    await tool('Eraser').click()
    await setBrush(30)
    const before = await voxelsOf(2)
    await page.mouse.click(...at)
    await expect.poll(() => voxelsOf(2), SLOW).toBeLessThan(before)
    const after = await voxelsOf(2)
    const other = path.join(files, 'second.mrc')
    writeVolume(other, (x, y) => x + y)
    await openThroughDialog(desktop, other)
    await volumeShown(desktop, 'second.mrc')
    await page.getByText('Corrections of tomogram.mrc were kept.').waitFor()
    await page.getByRole('button', { name: 'Go on with them' }).click()
    await volumeShown(desktop, 'tomogram.mrc')
    await expect.poll(() => voxelsOf(2), SLOW).toBe(after)
    await save('again.mrc')
  })

  it('refuses a mask of another grid with the reason', async () => {
    const { page, app } = desktop
    await page.getByRole('button', { name: 'Done' }).click()
    const other = path.join(files, 'other.mrc')
    writeFileSync(other, mrcBytes({ n: [7, 5, 3], body: int16Bytes(new Array(105).fill(1)) }))
    await app.evaluate(({ dialog }, chosen) => {
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
    }, other)
    await page.getByRole('button', { name: 'Open a mask…' }).click()
    await page.getByRole('alert').filter({ hasText: 'does not lie on the grid' }).waitFor()
    await desktop.screenshot('27-correct-other-grid')
  })

  it('had no error on the way', () => {
    expect(desktop.complaints).toEqual([])
  })
})
