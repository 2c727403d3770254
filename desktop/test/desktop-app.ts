import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type ElectronApplication, _electron as electron, type Page } from 'playwright-core'

export const ROOT = path.resolve(import.meta.dirname, '../..')
export const SAMPLE = path.join(ROOT, 'resources/sample/sample.mrc')
const SCREENSHOTS = path.join(ROOT, 'test-out/screenshots')

/** The real program with an own settings folder, and what its window complained about. */
export interface DesktopApp {
  app: ElectronApplication
  page: Page
  folder: string
  /** Errors and policy violations seen by the page. */
  complaints: string[]
  screenshot(name: string): Promise<void>
  /** Every save dialog answers with this path from now on. */
  saveTo(file: string): Promise<void>
  close(): Promise<void>
  /** Closes the program as a user does; its folder stays for another start. @returns how often it asked whether to */
  closeAndKeep(): Promise<number>
}

/** Starts the built program; the caller closes it. @param folder of an earlier start, to go on with its settings */
export async function launchDesktop(files: string[] = [], folder = newFolder()): Promise<DesktopApp> {
  nameElectronRuntime()
  const app = await electron.launch({
    cwd: ROOT,
    args: ['.', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...files],
    env: { ...process.env, CRYOMAMBA_E2E: '1', CRYOMAMBA_USER_DATA: path.join(folder, 'user') } as Record<
      string,
      string
    >,
    timeout: 60_000,
  })
  const complaints: string[] = []
  return {
    app,
    folder,
    complaints,
    ...watched(await app.firstWindow(), complaints),
    saveTo: (file) =>
      app.evaluate(({ dialog }, filePath) => {
        dialog.showSaveDialog = async () => ({ canceled: false, filePath })
      }, file),
    close: async () => {
      await closeDesktop(app)
      rmSync(folder, { recursive: true, force: true })
    },
    closeAndKeep: () => closeDesktop(app),
  }
}

/** What is done with a page, and where its complaints go. */
function watched(page: Page, complaints: string[]): Pick<DesktopApp, 'page' | 'screenshot'> {
  page.setDefaultTimeout(60_000)
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' || /content security policy/i.test(message.text())) complaints.push(message.text())
  })
  const screenshot = async (name: string) => {
    mkdirSync(SCREENSHOTS, { recursive: true })
    await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) })
  }
  return { page, screenshot }
}

/** The program with the window that it opens while something is done. */
export async function withNewWindow(desktop: DesktopApp, act: () => Promise<unknown>): Promise<DesktopApp> {
  const [page] = await Promise.all([desktop.app.waitForEvent('window'), act()])
  return { ...desktop, ...watched(page, desktop.complaints) }
}

function newFolder(): string {
  return mkdtempSync(path.join(os.tmpdir(), 'cryomamba-e2e-'))
}

/** Whatever the program asks when it is closed is answered with its first button. */
async function closeDesktop(app: ElectronApplication): Promise<number> {
  const child = app.process()
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  let numAsked = 0
  await app
    .evaluate(({ dialog }) => {
      dialog.showMessageBoxSync = () => {
        console.log('cryomamba-asked')
        return 0
      }
    })
    .catch(() => undefined)
  app.on('console', (message) => {
    if (message.text() === 'cryomamba-asked') numAsked++
  })
  await app.close().catch(() => undefined)
  clearTimeout(timer)
  return numAsked
}

/** Playwright starts what `electron` names; where that was not downloaded, it is told of the other one. */
function nameElectronRuntime(): void {
  const script = path.join(ROOT, 'build/electron-runtime.mjs')
  const found = spawnSync(process.execPath, [script], { cwd: ROOT, encoding: 'utf8' })
  if (found.status !== 0) throw new Error(`no Electron: ${found.stderr}`)
  const dist = found.stdout.trim()
  if (dist !== path.join(ROOT, 'node_modules/electron/dist')) process.env.ELECTRON_OVERRIDE_DIST_PATH = dist
}

/** Opens a file as if it had been chosen in the dialog. */
export async function openThroughDialog({ app, page }: DesktopApp, file: string): Promise<void> {
  await app.evaluate(({ dialog }, chosen) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
  }, file)
  await page.getByRole('button', { name: 'Open…' }).click()
}

/** Waits until the open volume is drawn. */
export async function volumeShown({ page }: DesktopApp, name: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
  await page.locator('[data-testid=viewer][data-ready=true]').waitFor()
  await page.locator('[data-testid=voxel-value]:not([data-value=""])').waitFor()
}
