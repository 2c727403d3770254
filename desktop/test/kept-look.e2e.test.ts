import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { int16Bytes, mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'

// The machine may be busy with other tests.
const SLOW = { timeout: 30_000 }
const [NX, NY, NZ] = [40, 30, 20]
const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-kept-'))
const VOLUME = path.join(folder, 'tomogram.mrc')
const MASK = path.join(folder, 'corrected.mrc')
let desktop: DesktopApp

beforeAll(async () => {
  const values = Array.from({ length: NX * NY * NZ }, (_, i) => i % 97)
  writeFileSync(VOLUME, mrcBytes({ n: [NX, NY, NZ], cell: [400, 300, 200], body: int16Bytes(values) }))
  desktop = await launchDesktop([VOLUME])
  await volumeShown(desktop, 'tomogram.mrc')
})
afterAll(() => desktop?.close())

const tools = () => desktop.page.getByRole('toolbar', { name: 'Tools' })

async function rename(value: number, name: string): Promise<void> {
  const { page } = desktop
  await page.locator(`[data-label="${value}"] .label-name`).click()
  const field = page.getByLabel(`Name of label ${value}`)
  await field.fill(name)
  await field.press('Enter')
  await page.locator(`[data-label="${value}"]`).getByText(name).waitFor()
}

async function done(): Promise<void> {
  await desktop.page.getByRole('button', { name: 'Done' }).click()
  await desktop.page.getByRole('button', { name: 'Empty mask' }).waitFor()
}

/** Begins with a mask file; the dialog answers with it. */
async function openMask(file: string): Promise<void> {
  await desktop.app.evaluate(({ dialog }, chosen) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
  }, file)
  await desktop.page.getByRole('button', { name: 'Open a mask…' }).click()
}

/** Name, colour, hidden or not. */
async function labelsShown() {
  const rows = await desktop.page.locator('.labels.is-editable li').all()
  return Promise.all(
    rows.map(async (row) => [
      await row.locator('.label-name > span').first().textContent(),
      await row.locator('input[type=color]').inputValue(),
      await row.getAttribute('class').then((names) => names?.includes('is-hidden')),
    ]),
  )
}

describe('names and colours of labels', () => {
  it('come back when the exported mask is opened again, with what is hidden', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Empty mask' }).click()
    await rename(1, 'membrane')
    await page.getByLabel('Colour of membrane').fill('#12ab34')
    await page.getByRole('button', { name: 'Add a label' }).click()
    await rename(2, 'ribosome')
    const box = await page.locator('[data-pane=xy]').boundingBox()
    if (!box) throw new Error('no picture')
    await tools().getByRole('button', { name: 'Ball' }).click()
    await page.mouse.click(box.x + 150, box.y + 120)
    await expect
      .poll(() => page.locator('[data-label="2"] [data-testid=mask-label-voxels]').getAttribute('data-voxels'), SLOW)
      .not.toBe('0')
    await desktop.saveTo(MASK)
    await page.getByRole('button', { name: 'MRC…', exact: true }).click()
    await page.getByRole('status').filter({ hasText: 'Saved corrected.mrc' }).waitFor()
    await page.getByRole('button', { name: 'Dismiss', exact: true }).first().click()
    await done()
    // Where provenance is not beside it, the program itself remembers.
    rmSync(`${MASK}.provenance.json`)
    await openMask(MASK)
    await tools().waitFor()
    const expected = (await labelsShown()).map(([name, color]) => [name, color])
    expect(expected[0]).toEqual(['membrane', '#12ab34'])
    expect(expected[1][0]).toBe('ribosome')
  })

  it('come back with what was changed of them later, and with what was hidden', async () => {
    const { page } = desktop
    await rename(2, '80S ribosome')
    await page.getByRole('button', { name: 'Hide 80S ribosome' }).click()
    await page.getByLabel('Opacity of 80S ribosome').fill('0.3')
    await page.waitForTimeout(1500)
    await done()
    await openMask(MASK)
    await tools().waitFor()
    await expect.poll(labelsShown, SLOW).toMatchObject([
      ['membrane', '#12ab34', false],
      ['80S ribosome', expect.any(String), true],
    ])
    await page.locator('[data-label="2"] .label-name').click()
    expect(await page.getByLabel('Opacity of 80S ribosome').inputValue()).toBe('0.3')
    await desktop.screenshot('36-labels-again')
    await done()
  })

  it('come back for an empty mask of the same volume', async () => {
    await desktop.page.getByRole('button', { name: 'Empty mask' }).click()
    await expect.poll(labelsShown, SLOW).toEqual([
      ['membrane', '#12ab34', false],
      ['ribosome', expect.any(String), false],
    ])
    await done()
  })
})

describe('how a volume is looked at', () => {
  const look = async () => {
    const { page } = desktop
    return {
      layout: await page.getByRole('toolbar', { name: 'Panes' }).getAttribute('data-layout'),
      colors: await page.getByLabel('Colours').inputValue(),
      gamma: await page.getByRole('slider', { name: 'Gamma' }).inputValue(),
      isInverted: await page.getByLabel('Invert').isChecked(),
      crosshair: await page.getByTestId('crosshair').textContent(),
      black: await page.getByRole('textbox', { name: 'Black' }).inputValue(),
      measured: await page
        .getByRole('region', { name: 'Measurements', exact: true })
        .locator('output')
        .allTextContents(),
    }
  }
  let before: Awaited<ReturnType<typeof look>>

  it('comes back after another start', async () => {
    const { page } = desktop
    await page.getByRole('toolbar', { name: 'Panes' }).getByRole('button', { name: 'XZ', exact: true }).click()
    await page.getByLabel('Colours').selectOption('inferno')
    await page.getByRole('slider', { name: 'Gamma' }).fill('1.6')
    await page.getByLabel('Invert').check()
    await page.getByRole('textbox', { name: 'Black' }).fill('12')
    await page.getByRole('textbox', { name: 'Black' }).press('Enter')
    await page.getByLabel('Voxel z').fill('4')
    await page.getByLabel('Voxel z').press('Enter')
    const pane = await page.locator('canvas').boundingBox()
    if (!pane) throw new Error('no picture')
    await page.getByRole('button', { name: 'Distance', exact: true }).click()
    for (const share of [0.45, 0.6]) await page.mouse.click(pane.x + share * pane.width, pane.y + share * pane.height)
    await page.getByRole('button', { name: 'Distance', exact: true }).click()
    await page.waitForTimeout(1500)
    before = await look()
    expect(before).toMatchObject({ layout: 'xz', colors: 'inferno', gamma: '1.6', isInverted: true })
    expect(before.measured).toEqual([expect.stringContaining('nm')])
    await desktop.closeAndKeep()
    desktop = await launchDesktop([VOLUME], desktop.folder)
    await volumeShown(desktop, 'tomogram.mrc')
    await expect.poll(look, SLOW).toEqual(before)
    await desktop.page.waitForTimeout(500)
    await desktop.screenshot('37-looked-at-in-colours')
  })

  it('does not come back for another file under the same name', async () => {
    const values = Array.from({ length: NX * NY * (NZ + 1) }, (_, i) => i % 97)
    writeFileSync(VOLUME, mrcBytes({ n: [NX, NY, NZ + 1], cell: [400, 300, 210], body: int16Bytes(values) }))
    await openThroughDialog(desktop, VOLUME)
    await volumeShown(desktop, 'tomogram.mrc')
    await desktop.page.waitForTimeout(1000)
    const now = await look()
    expect(now.crosshair).not.toBe(before.crosshair)
    expect(now.measured).toEqual([])
    await desktop.page.getByRole('button', { name: 'Empty mask' }).click()
    await expect.poll(labelsShown, SLOW).toEqual([['Label 1', expect.any(String), false]])
    await done()
  })
})

describe('a compressed volume', () => {
  it('is unpacked once, and its mask is corrected on the same copy', async () => {
    const { page } = desktop
    const file = path.join(folder, 'packed.mrc.gz')
    writeFileSync(file, gzipSync(readFileSync(VOLUME)))
    const copies = path.join(desktop.folder, 'user', 'unpacked')
    const copied = () =>
      readdirSync(copies).map((name) => [name, statSync(path.join(copies, name, 'volume')).mtimeMs] as const)
    await openThroughDialog(desktop, file)
    await volumeShown(desktop, 'packed.mrc.gz')
    const first = copied()
    expect(first).toHaveLength(1)
    await openThroughDialog(desktop, VOLUME)
    await volumeShown(desktop, 'tomogram.mrc')
    await openThroughDialog(desktop, file)
    await volumeShown(desktop, 'packed.mrc.gz')
    await page.getByRole('button', { name: 'Empty mask' }).click()
    await tools().waitFor()
    await done()
    expect(copied()).toEqual(first)
    await openThroughDialog(desktop, VOLUME)
    await volumeShown(desktop, 'tomogram.mrc')
  })
})

describe('a mask of bytes over 127', () => {
  it('is asked about once, and taken as it was said', async () => {
    const file = path.join(folder, 'bytes.mrc')
    const body = Uint8Array.from({ length: NX * NY * (NZ + 1) }, (_, i) => (i < 7 ? 200 : i < 12 ? 3 : 0))
    writeFileSync(file, mrcBytes({ n: [NX, NY, NZ + 1], mode: 0, cell: [400, 300, 210], body }))
    await desktop.app.evaluate(({ dialog }) => {
      const asked = globalThis as unknown as { numAsked: number }
      asked.numAsked = 0
      dialog.showMessageBox = async () => {
        asked.numAsked++
        return { response: 0, checkboxChecked: false }
      }
    })
    for (const _time of [1, 2]) {
      await openMask(file)
      await expect.poll(labelsShown, SLOW).toEqual([
        ['Label 3', expect.any(String), false],
        ['Label 200', expect.any(String), false],
      ])
      await done()
    }
    const numAsked = await desktop.app.evaluate(() => (globalThis as unknown as { numAsked: number }).numAsked)
    expect(numAsked).toBe(1)
    expect(desktop.complaints).toEqual([])
  })
})
