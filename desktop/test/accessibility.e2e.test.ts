import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, SAMPLE, volumeShown } from './desktop-app.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop()
  await desktop.page.getByRole('button', { name: 'Open the sample' }).waitFor()
})
afterAll(() => desktop?.close())

interface Finding {
  id: string
  impact: string
  targets: string[]
}

/** Serious and critical findings of axe in what the window shows now. */
async function findings(): Promise<Finding[]> {
  const { page } = desktop
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { target: unknown[] }[] }[] }> }
    }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, impact, nodes }) => ({ id, impact, targets: nodes.map(({ target }) => String(target)) }))
  })
}

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

describe('the keyboard', () => {
  it('reaches every control, each with a name, and the picture', async () => {
    const { page } = desktop
    const wanted = await page.evaluate(
      () =>
        [...document.querySelectorAll<HTMLElement>('button, input, select, canvas[tabindex]')].filter(
          (one) => one.offsetParent !== null && !one.matches(':disabled'),
        ).length,
    )
    const names = new Set<string>()
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
    for (let i = 0; i < wanted + 5; i++) {
      await page.keyboard.press('Tab')
      names.add(
        await page.evaluate(() => {
          const one = document.activeElement as HTMLElement | null
          const label = (one as HTMLInputElement | null)?.labels?.[0]?.textContent
          return `${one?.tagName} ${one?.getAttribute('aria-label') ?? label ?? one?.textContent ?? ''}`.trim()
        }),
      )
    }
    const shown = [...names]
    expect(shown.filter((name) => /^(BUTTON|INPUT|SELECT|CANVAS)$/.test(name))).toEqual([])
    expect(shown).toContain('CANVAS Slices and 3D view of the volume')
    for (const name of ['Open…', 'Auto', 'XY']) expect(shown.join('\n')).toContain(name)
    expect(shown.length).toBeGreaterThan(15)
  })
})
