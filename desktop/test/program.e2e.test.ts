import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type DesktopApp,
  launchDesktop,
  openThroughDialog,
  ROOT,
  SAMPLE,
  volumeShown,
  withNewWindow,
} from './desktop-app.ts'
import { pixelsAt } from './pixels.ts'
import { writeSmallVolume } from './small-volume.ts'

let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop()
  await desktop.page.getByRole('button', { name: 'Open the sample' }).waitFor()
})
afterAll(() => desktop?.close())

/** Chooses an entry of the menu bar by its id, as a click would. */
function chooseMenu(id: string): Promise<void> {
  return desktop.app.evaluate(({ Menu }, wanted) => {
    const item = Menu.getApplicationMenu()?.getMenuItemById(wanted)
    if (!item?.enabled) throw new Error(`no entry ${wanted}`)
    item.click()
  }, id)
}

async function closeSheet(): Promise<void> {
  await desktop.page.keyboard.press('Escape')
  await desktop.page.getByRole('dialog').waitFor({ state: 'detached' })
}

function userFile(name: string): string {
  return path.join(desktop.folder, 'user', name)
}

describe('the menu bar', () => {
  it('has the usual menus, and every shortcut only once', async () => {
    const { titles, keys } = await desktop.app.evaluate(({ Menu }) => {
      const keys: string[] = []
      const visit = (menu: Electron.Menu) => {
        for (const item of menu.items) {
          if (item.accelerator) keys.push(String(item.accelerator))
          if (item.submenu) visit(item.submenu)
        }
      }
      const menu = Menu.getApplicationMenu()
      if (menu) visit(menu)
      return { titles: menu?.items.map((item) => item.label.replace('&', '')) ?? [], keys }
    })
    expect(titles).toEqual(expect.arrayContaining(['File', 'Edit', 'View', 'Go', 'Window', 'Help']))
    expect(keys.length).toBeGreaterThan(20)
    expect(keys.toSorted()).toEqual([...new Set(keys)].toSorted())
  })

  it('opens the list of shortcuts, which Escape closes', async () => {
    await chooseMenu('shortcuts')
    const sheet = desktop.page.getByRole('dialog', { name: 'Keyboard shortcuts' })
    await sheet.waitFor()
    expect(await sheet.textContent()).toContain('Next slice')
    await desktop.screenshot('30-shortcuts')
    await closeSheet()
  })
})

describe('the help', () => {
  it('is read without a network, page by page', async () => {
    const { page } = desktop
    await chooseMenu('help')
    const sheet = page.getByRole('dialog', { name: 'Help' })
    await sheet.getByRole('heading', { name: 'A result in a minute' }).waitFor()
    await desktop.screenshot('31-help')
    for (const [name, heading] of [
      ['Looking', 'Slices and 3D'],
      ['Running on a server', 'While it runs'],
      ['Correcting', 'Labels'],
      ['Exporting', 'Masks'],
    ]) {
      await sheet.getByRole('button', { name, exact: true }).click()
      await sheet.getByRole('heading', { name: heading, exact: true }).waitFor()
    }
    await closeSheet()
  })
})

describe('the settings', () => {
  it('take effect at once and are kept', async () => {
    const { page } = desktop
    await chooseMenu('settings')
    const sheet = page.getByRole('dialog', { name: 'Settings' })
    await sheet.getByLabel('Colours').selectOption('light')
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset.theme)).toBe('light')
    await sheet.getByLabel('Size of text and controls').selectOption('1.25')
    await sheet.getByLabel('Wheel speed').selectOption('5 slices a click')
    await expect.poll(() => zoom()).toBeCloseTo(1.25, 3)
    await desktop.app.evaluate(({ dialog }, folder) => {
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [folder] })
    }, desktop.folder)
    await sheet.getByRole('button', { name: 'Choose…' }).click()
    await sheet.getByText(desktop.folder).waitFor()
    await desktop.screenshot('32-settings-light')
    expect(JSON.parse(readFileSync(userFile('preferences.json'), 'utf8'))).toMatchObject({
      theme: 'light',
      zoom: 1.25,
      wheel_speed: 5,
      results_folder: desktop.folder,
    })
    await sheet.getByLabel('Colours').selectOption('system')
    await desktop.app.evaluate(({ nativeTheme }) => nativeTheme.themeSource)
    await sheet.getByLabel('Colours').selectOption('dark')
    await closeSheet()
  })

  it('are left by the keys of the zoom', async () => {
    await chooseMenu('zoom_in')
    await expect.poll(() => zoom()).toBeCloseTo(1.5, 3)
    await desktop.screenshot('33-zoomed')
    await chooseMenu('zoom_reset')
    await expect.poll(() => zoom()).toBe(1)
  })
})

const zoom = (): Promise<number> =>
  desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].webContents.getZoomFactor())

describe('a file that was open before', () => {
  let copy: string

  it('is in the menu and on the first page', async () => {
    const { page } = desktop
    copy = path.join(desktop.folder, 'looked-at.mrc')
    copyFileSync(SAMPLE, copy)
    await openThroughDialog(desktop, copy)
    await volumeShown(desktop, 'looked-at.mrc')
    const recent = await desktop.app.evaluate(({ Menu }) =>
      Menu.getApplicationMenu()
        ?.getMenuItemById('recent')
        ?.submenu?.items.map((item) => item.label),
    )
    expect(recent?.[0]).toContain('looked-at.mrc')
    await page.getByRole('button', { name: 'XZ', exact: true }).click()
    await chooseMenu('slice_last')
    await expect.poll(() => page.getByTestId('crosshair').textContent()).toContain('71')
    await expect.poll(() => existsSync(userFile('views.json'))).toBe(true)
    await expect.poll(() => readFileSync(userFile('views.json'), 'utf8')).toContain('"layout": "xz"')
    await expect
      .poll(() => readFileSync(userFile('views.json'), 'utf8'))
      .toMatch(/"crosshair_xyz": \[\s*96,\s*80,\s*71/)
    await chooseMenu('close_volume')
    await page.getByRole('heading', { name: 'No volume open' }).waitFor()
    await page.getByRole('list', { name: 'Recent files' }).waitFor()
    await desktop.screenshot('34-recent')
  })

  it('is looked at as before', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: /looked-at\.mrc/ }).click()
    await volumeShown(desktop, 'looked-at.mrc')
    await expect.poll(() => page.getByTestId('crosshair').textContent()).toContain('71')
    expect(await page.getByRole('button', { name: 'XZ', exact: true }).getAttribute('aria-pressed')).toBe('true')
    await desktop.screenshot('35-looked-at-again')
  })

  it('goes as many slices for a click of the wheel as the settings say', async () => {
    const { page } = desktop
    const canvas = await page.locator('canvas').boundingBox()
    if (!canvas) throw new Error('no picture')
    await page.getByRole('button', { name: 'XY', exact: true }).click()
    await chooseMenu('slice_first')
    await expect.poll(() => page.getByTestId('crosshair').textContent()).toMatch(/, 0$/)
    await page.mouse.move(canvas.x + canvas.width / 2, canvas.y + canvas.height / 2)
    await page.mouse.wheel(0, -120)
    await page.mouse.wheel(0, 0)
    await expect.poll(() => page.getByTestId('crosshair').textContent()).toMatch(/, 5$/)
  })

  it('leaves the next file to be seen whole, however far it was moved', async () => {
    const { page } = desktop
    const next = path.join(desktop.folder, 'next.mrc')
    writeSmallVolume(next, 1)
    await page.getByRole('button', { name: 'XY', exact: true }).click()
    const canvas = await page.locator('canvas').boundingBox()
    if (!canvas) throw new Error('no picture')
    const middle = [canvas.x + canvas.width * 0.5, canvas.y + canvas.height * 0.55] as const
    await page.mouse.move(...middle)
    await page.keyboard.down('Control')
    for (let i = 0; i < 12; i++) await page.mouse.wheel(0, -120)
    await page.keyboard.up('Control')
    await page.mouse.down({ button: 'right' })
    await page.mouse.move(middle[0] + 300, middle[1] - 300, { steps: 4 })
    await page.mouse.up({ button: 'right' })
    await openThroughDialog(desktop, next)
    await volumeShown(desktop, 'next.mrc')
    const along = [0.35, 0.45, 0.55, 0.65].map((share) => [canvas.x + canvas.width * share, middle[1]] as const)
    const isDrawn = async () => (await pixelsAt(page, along)).every(([r, g, b]) => r + g + b > 60)
    await expect.poll(isDrawn).toBe(true)
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await openThroughDialog(desktop, copy)
    await volumeShown(desktop, 'looked-at.mrc')
  })

  it('begins anew once it was changed', async () => {
    const { page } = desktop
    await chooseMenu('close_volume')
    await page.getByRole('heading', { name: 'No volume open' }).waitFor()
    const bytes = readFileSync(copy)
    bytes[1024] ^= 1
    writeFileSync(copy, bytes)
    await page.getByRole('button', { name: /looked-at\.mrc/ }).click()
    await volumeShown(desktop, 'looked-at.mrc')
    await page.waitForTimeout(500)
    expect(await page.getByTestId('crosshair').textContent()).toContain('36')
  })

  it('is no longer listed once the list was cleared', async () => {
    await desktop.app.evaluate(({ Menu }) => {
      Menu.getApplicationMenu()?.getMenuItemById('recent')?.submenu?.items.at(-1)?.click()
    })
    await expect
      .poll(() => desktop.app.evaluate(({ Menu }) => Menu.getApplicationMenu()?.getMenuItemById('recent')?.enabled))
      .toBe(false)
  })

  it('is opened when it is dropped on the dock', async () => {
    await desktop.app.evaluate(
      ({ app }, file) => app.emit('open-file', { preventDefault: () => undefined }, file),
      SAMPLE,
    )
    await volumeShown(desktop, 'sample.mrc')
  })
})

describe('without a window, as on a Mac once it was closed', () => {
  /** Only macOS keeps a program without a window: here the listener that ends it is taken away. */
  async function closeWindow(): Promise<void> {
    await desktop.app.evaluate(async ({ app, BrowserWindow }) => {
      app.removeAllListeners('window-all-closed')
      app.on('window-all-closed', () => undefined)
      const [window] = BrowserWindow.getAllWindows()
      const isClosed = new Promise<void>((resolve) => window.once('closed', () => resolve()))
      window.close()
      await isClosed
    })
  }

  it('a file that is opened from outside comes with a window', async () => {
    const file = path.join(desktop.folder, 'next.mrc')
    await closeWindow()
    desktop = await withNewWindow(desktop, () =>
      desktop.app.evaluate(
        ({ app }, wanted) => app.emit('open-file', { preventDefault: () => undefined }, wanted),
        file,
      ),
    )
    await volumeShown(desktop, 'next.mrc')
  })

  it('an entry of the menu does what it says, in a window', async () => {
    await closeWindow()
    await desktop.app.evaluate(({ dialog }, chosen) => {
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
    }, SAMPLE)
    desktop = await withNewWindow(desktop, () => chooseMenu('open'))
    await volumeShown(desktop, 'sample.mrc')
  })
})

describe('a second start of the program', () => {
  it('opens its file in the window that is there, named from the folder that it was started in', async () => {
    copyFileSync(SAMPLE, path.join(desktop.folder, 'named-from-here.mrc'))
    await desktop.app.evaluate(
      ({ app }, { root, folder }) =>
        app.emit('second-instance', {}, ['electron', root, 'named-from-here.mrc'], folder, null),
      { root: ROOT, folder: desktop.folder },
    )
    await volumeShown(desktop, 'named-from-here.mrc')
    expect(await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
    await openThroughDialog(desktop, SAMPLE)
    await volumeShown(desktop, 'sample.mrc')
  })
})

describe('the diagnostics', () => {
  it('show versions, processes and the log, and copy a report without the secrets that were in it', async () => {
    const { app, page } = desktop
    await app.evaluate(() => {
      console.error('refused: Authorization: Bearer cm_planted-secret-0123456789')
      console.error('could not read /data/krios/planted-path/tomo.mrc: no such file')
      console.error('GET http://gpu1.lab.example:8080/v1/live?token=planted-token')
    })
    await chooseMenu('diagnostics')
    const sheet = page.getByRole('dialog', { name: 'Diagnostics' })
    await sheet.getByRole('cell', { name: /MiB/ }).first().waitFor()
    await sheet.getByText('gpu1.lab.example').waitFor()
    await desktop.screenshot('36-diagnostics')
    await sheet.getByRole('button', { name: 'Copy the report' }).click()
    await expect.poll(() => app.evaluate(({ clipboard }) => clipboard.readText())).toContain('Electron')
    const report = await app.evaluate(({ clipboard }) => clipboard.readText())
    expect(report).toContain('gpu1.lab.example')
    expect(report).toContain('CryoMamba volumes')
    expect(`${report}${await sheet.textContent()}`).not.toMatch(/planted|krios|tomo\.mrc/)
    expect(report).not.toContain(desktop.folder)
    await closeSheet()
  })
})

describe('a crash', () => {
  it('of the window is not a white window, and leaves a report here', async () => {
    const { app } = desktop
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].webContents.forcefullyCrashRenderer())
    const reports = () => readdirSync(userFile('crashes')).filter((name) => name.startsWith('crash-'))
    await expect.poll(() => reports().length).toBe(1)
    const report = readFileSync(path.join(userFile('crashes'), reports()[0]), 'utf8')
    expect(report).toContain('window: ')
    expect(report).not.toMatch(/planted|krios|sample\.mrc/)
    const shown = () =>
      app.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0].webContents.executeJavaScript(
          `[
            document.querySelector('h1')?.textContent,
            document.querySelector('[data-testid=viewer]')?.dataset.ready,
            document.querySelector('[data-testid=crash]')?.textContent ?? '',
          ]`,
        ),
      )
    await expect
      .poll(shown, { timeout: 30_000 })
      .toEqual(['sample.mrc', 'true', expect.stringContaining('A report lies on this computer; it was not sent')])
    const picture = await app.evaluate(async ({ BrowserWindow }) => {
      await new Promise((resolve) => setTimeout(resolve, 2000))
      return (await BrowserWindow.getAllWindows()[0].webContents.capturePage()).toPNG().toString('base64')
    })
    writeFileSync(path.join(ROOT, 'test-out/screenshots/37-after-a-crash.png'), Buffer.from(picture, 'base64'))
  })
})
