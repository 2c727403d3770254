import { copyFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyboardGaps, seriousFindings } from './axe.ts'
import { type DesktopApp, launchDesktop, SAMPLE, volumeShown } from './desktop-app.ts'
import { writeSmallVolume } from './small-volume.ts'

let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop()
  await desktop.page.getByRole('button', { name: 'Open the sample' }).waitFor()
})
afterAll(() => desktop?.close())

const findings = () => seriousFindings(desktop.page)

async function setTheme(theme: string): Promise<void> {
  await desktop.page.evaluate((wanted) => {
    const { cryomamba } = window as unknown as { cryomamba: { request(...words: string[]): Promise<unknown> } }
    return cryomamba.request('settings.theme', wanted)
  }, theme)
}

async function chooseMenu(id: string): Promise<void> {
  await desktop.app.evaluate(({ Menu }, wanted) => Menu.getApplicationMenu()?.getMenuItemById(wanted)?.click(), id)
}

describe.each(['dark', 'light'] as const)('in %s colours, axe finds nothing serious', (theme) => {
  it('on the first page', async () => {
    const { page } = desktop
    await setTheme(theme)
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset.theme)).toBe(theme)
    expect(await findings()).toEqual([])
  })

  it.each(['settings', 'help', 'shortcuts', 'diagnostics'])('in %s', async (sheet) => {
    const { page } = desktop
    await chooseMenu(sheet)
    await page.getByRole('dialog').waitFor()
    await page.waitForTimeout(300)
    expect(await findings()).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })

  it('in the form of a server that does not answer', async () => {
    const { page } = desktop
    await page.getByText('Server', { exact: true }).click()
    await page.getByLabel('Address').fill('http://127.0.0.1:9')
    await page.getByLabel('Token').fill('abc')
    await page.getByRole('button', { name: 'Test connection' }).click()
    await page.getByTestId('connection-result').waitFor()
    expect(await findings()).toEqual([])
    await page.getByText('This computer', { exact: true }).click()
  })
})

describe.each(['dark', 'light'] as const)('with a volume in %s colours, axe finds nothing serious', (theme) => {
  it('while it is looked at', async () => {
    const { app, page } = desktop
    await app.evaluate(
      ({ app: program }, file) => program.emit('open-file', { preventDefault: () => undefined }, file),
      SAMPLE,
    )
    await volumeShown(desktop, 'sample.mrc')
    await setTheme(theme)
    await page.waitForTimeout(300)
    expect(await findings()).toEqual([])
  })

  it.each(['screenshot', 'movie'])('in the sheet of a %s', async (sheet) => {
    const { page } = desktop
    await chooseMenu(sheet)
    await page.getByRole('dialog').getByLabel('Size').waitFor()
    await page.waitForTimeout(300)
    await desktop.screenshot(`90-${sheet}-${theme}`)
    expect(await findings()).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })
})

describe('a result, from the first page', () => {
  it('comes with one button', async () => {
    const { page } = desktop
    await chooseMenu('close_volume')
    await page.getByRole('button', { name: 'Show me a result' }).click()
    await page.locator('[data-testid=run][data-phase=completed]').waitFor({ timeout: 240_000 })
    await page.getByRole('region', { name: 'Mask', exact: true }).waitFor()
    await page.waitForTimeout(700)
    await desktop.screenshot('38-first-result')
  })

  it.each(['dark', 'light'] as const)('has nothing serious in %s colours', async (theme) => {
    await setTheme(theme)
    await desktop.page.waitForTimeout(300)
    expect(await findings()).toEqual([])
  })
})

/** What is found in both colours. */
async function findingsInBoth(name: string): Promise<unknown[]> {
  const found: unknown[] = []
  for (const theme of ['dark', 'light']) {
    await setTheme(theme)
    await desktop.page.waitForTimeout(300)
    await desktop.screenshot(`91-${name}-${theme}`)
    found.push(...(await findings()))
  }
  return found
}

/** Every file dialog answers with these from now on. */
async function answerWith(...filePaths: string[]): Promise<void> {
  await desktop.app.evaluate(({ dialog }, chosen) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: chosen })
  }, filePaths)
}

const NO_GAPS = { unreached: [], unnamed: [] }

describe('the keyboard', () => {
  it('reaches every control, each with a name, and the picture', async () => {
    const gaps = await keyboardGaps(desktop.page)
    expect(gaps).toMatchObject(NO_GAPS)
    expect(gaps.numControls).toBeGreaterThan(30)
  })

  it('would be seen to leave one out, and one to have no name', async () => {
    const { page } = desktop
    await page.evaluate(() => {
      const left = document.createElement('button')
      left.tabIndex = -1
      document.querySelector('main, body')?.append(left)
    })
    const gaps = await keyboardGaps(page)
    expect([gaps.unreached, gaps.unnamed]).toEqual([[expect.stringContaining('-1')], [expect.stringContaining('-1')]])
    await page.evaluate(() => document.querySelector('button[tabindex="-1"]')?.remove())
  })
})

describe('axe finds nothing serious, and the keyboard reaches all', () => {
  it('with a region of interest over the slices', async () => {
    const { page } = desktop
    await page.getByText('Parameters', { exact: false }).first().click()
    await page.getByRole('button', { name: 'Only around the crosshair' }).click()
    await page.getByTestId('region-xy').waitFor()
    expect(await findingsInBoth('region')).toEqual([])
    expect(await keyboardGaps(page)).toMatchObject(NO_GAPS)
    await page.getByRole('button', { name: 'Whole volume' }).click()
  })

  it('with a volume beside', async () => {
    const { page } = desktop
    const other = path.join(desktop.folder, 'other.mrc')
    copyFileSync(SAMPLE, other)
    await answerWith(other)
    await page.getByRole('button', { name: 'Open another beside…' }).click()
    await page.locator('[data-testid=beside][data-ready=true]').waitFor()
    expect(await findingsInBoth('beside')).toEqual([])
    expect(await keyboardGaps(page)).toMatchObject(NO_GAPS)
    await page.getByRole('region', { name: 'Volume beside' }).getByRole('button', { name: /Close/ }).click()
  })

  it('in the table of a batch', async () => {
    const { page } = desktop
    const small = path.join(desktop.folder, 'small.mrc')
    writeSmallVolume(small, 1)
    await answerWith(small)
    await page.getByText('Several files').click()
    await page.getByRole('button', { name: 'Choose files and run…' }).click()
    await page.getByRole('button', { name: 'Table…' }).click()
    await page.getByTestId('batch-table').locator('tr[data-phase=completed]').waitFor({ timeout: 120_000 })
    expect(await findingsInBoth('batch')).toEqual([])
    await page.getByRole('button', { name: 'Close', exact: true }).click()
  })

  it('while a mask is corrected, with each tool', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Empty mask' }).click()
    const tools = page.getByRole('toolbar', { name: 'Tools' })
    await tools.waitFor()
    for (const name of ['Brush', 'Grow']) {
      await tools.getByRole('button', { name, exact: true }).click()
      expect(await findingsInBoth(`correct-${name.toLowerCase()}`)).toEqual([])
    }
    expect(await keyboardGaps(page)).toMatchObject(NO_GAPS)
  })
})
