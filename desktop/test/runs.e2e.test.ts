import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JobList } from '../../shared/contract/jobs.ts'
import { type DesktopApp, launchDesktop, openThroughDialog, SAMPLE, volumeShown } from './desktop-app.ts'
import { connectTo } from './run-flow.ts'
import { type ServerProcess, startServer } from './server-process.ts'
import { writeSmallVolume } from './small-volume.ts'

let volumes: string
let server: ServerProcess
let desktop: DesktopApp

beforeAll(async () => {
  volumes = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-volumes-'))
  for (const [mark, name] of ['a.mrc', 'b.mrc', 'c.mrc'].entries()) writeSmallVolume(path.join(volumes, name), mark)
  writeFileSync(path.join(volumes, 'broken.mrc'), 'not a volume')
  server = await startServer({ env: { CRYOMAMBA_PATH_ROOTS: volumes } })
  desktop = await launchDesktop([path.join(volumes, 'a.mrc')])
  await volumeShown(desktop, 'a.mrc')
  await connectTo(desktop, server)
})
afterAll(async () => {
  await desktop?.close()
  await server?.stop()
  rmSync(volumes, { recursive: true, force: true })
})

async function newestJob() {
  const reply = await fetch(`${server.url}/v1/jobs`, { headers: { authorization: `Bearer ${server.token}` } })
  return ((await reply.json()) as JobList).jobs[0]
}

const row = (name: string, phase = '') =>
  desktop.page.locator(`[data-testid=run-row][data-name="${name}"]${phase && `[data-phase=${phase}]`}`)
const finished = () => desktop.page.locator('[data-testid=run][data-phase=completed]').waitFor({ timeout: 120_000 })
const maskShown = () => desktop.page.getByRole('region', { name: 'Mask', exact: true }).waitFor()
const run = (name: RegExp) => desktop.page.getByRole('button', { name }).click()

/** Notes what the system would be told while nobody looks at the window. */
async function noteNotifications(): Promise<void> {
  await desktop.app.evaluate(({ BrowserWindow, Notification }) => {
    const noted = globalThis as unknown as { notices: Electron.Notification[] }
    noted.notices = []
    Notification.isSupported = () => true
    Notification.prototype.show = function (this: Electron.Notification) {
      noted.notices.push(this)
    }
    BrowserWindow.getAllWindows()[0].isFocused = () => false
  })
}

const notifications = () =>
  desktop.app.evaluate(() =>
    (globalThis as unknown as { notices: Electron.Notification[] }).notices.map(({ title }) => title),
  )

describe('runs in the window', () => {
  it('says what a run takes, and what other parameters change of that', async () => {
    const { page } = desktop
    await page.locator('[data-testid=estimate][data-tiles="1"]').waitFor()
    await page.getByTestId('spacing').filter({ hasText: 'the model expects 13.5 Å' }).waitFor()
    await page.getByTestId('identity').filter({ hasText: 'write' }).waitFor()
    await page.getByText('Parameters').click()
    await page.getByLabel('Step', { exact: true }).fill('3')
    await page.getByText('A number from 0.05 to 1.').waitFor()
    await page.getByLabel('Step', { exact: true }).fill('0.75')
    await page.getByLabel('Threshold', { exact: true }).fill('0.6')
    await page.getByLabel('Smallest object, voxels').fill('20')
    await page.getByRole('button', { name: 'Only around the crosshair' }).click()
    await page.getByLabel('x to', { exact: true }).fill('96')
    await page.getByLabel('x to', { exact: true }).press('Enter')
    await page.getByText('Parameters · 4 changed').waitFor()
    await page.getByText('Keep the probability').scrollIntoViewIfNeeded()
    await desktop.screenshot('20-parameters')
  })

  it('runs with them, and shows what happened', async () => {
    const { page } = desktop
    await noteNotifications()
    await run(/^Run$/)
    await finished()
    await maskShown()
    expect((await newestJob()).params).toEqual({
      ...{ step: 0.75, threshold: 0.6, smallest_object_voxels: 20 },
      roi_zyx: [
        [0, 64],
        [0, 128],
        [0, 96],
      ],
    })
    await page.getByText('Log', { exact: true }).click()
    await page.getByTestId('run-log').getByText('Finished.').waitFor()
    await page.getByRole('button', { name: "Back to the model's own" }).click()
  })

  it('is told of by the system when it has ended and nobody looks, and a click brings the window', async () => {
    expect(await notifications()).toEqual(['a.mrc is segmented'])
    const shown = await desktop.app.evaluate(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows()
      const called: string[] = []
      for (const name of ['show', 'focus'] as const) window[name] = () => void called.push(name)
      const noted = globalThis as unknown as { notices: Electron.Notification[] }
      noted.notices[0].emit('click')
      for (const name of ['show', 'focus'] as const) delete (window as Partial<Electron.BrowserWindow>)[name]
      return called
    })
    expect(shown).toEqual(['show', 'focus'])
    await desktop.app.evaluate(({ Menu }) => Menu.getApplicationMenu()?.getMenuItemById('settings')?.click())
    await desktop.page.getByLabel('Tell me when a run has ended').uncheck()
    await desktop.page.keyboard.press('Escape')
  })

  it('has several runs at once, and shows the one that is chosen over its file', async () => {
    await run(/^Run again$/)
    await openThroughDialog(desktop, path.join(volumes, 'b.mrc'))
    await volumeShown(desktop, 'b.mrc')
    await run(/^Run$/)
    await row('a.mrc').first().waitFor()
    await row('b.mrc').waitFor()
    await desktop.screenshot('21-several-runs')
    await row('b.mrc', 'completed').waitFor({ timeout: 120_000 })
    await row('a.mrc', 'completed').first().waitFor({ timeout: 120_000 })
    expect(await notifications()).toHaveLength(1)
    await maskShown()
    await row('a.mrc').first().getByRole('button', { name: 'a.mrc', exact: true }).click()
    await volumeShown(desktop, 'a.mrc')
    await maskShown()
    await desktop.screenshot('22-another-run-shown')
  })

  it('runs a volume that lies on the server without sending it', async () => {
    const { page } = desktop
    await page.getByText('The file lies on the server').click()
    await page.getByLabel('Path there').fill(path.join(volumes, 'c.mrc'))
    await run(/^Run again$/)
    await page.locator('[data-testid=run]:not([data-phase=completed])').waitFor()
    await finished()
    await maskShown()
    const { volume_id } = await newestJob()
    const reply = await fetch(`${server.url}/v1/volumes/${volume_id}`, {
      headers: { authorization: `Bearer ${server.token}` },
    })
    expect(((await reply.json()) as { filename: string }).filename).toBe('c.mrc')
    await page.getByLabel('Path there').fill('')
  })

  it('runs a model on many files, saves the masks beside them, and has one table', async () => {
    const { app, page } = desktop
    const files = ['a.mrc', 'b.mrc', 'broken.mrc'].map((name) => path.join(volumes, name))
    await app.evaluate(({ dialog }, filePaths) => {
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths })
    }, files)
    await page.getByText('Several files').click()
    await page.getByRole('button', { name: 'Choose files and run…' }).click()
    await page.getByRole('button', { name: 'Table…' }).click()
    const table = page.getByTestId('batch-table')
    await table.locator('tr[data-phase=failed]').waitFor({ timeout: 120_000 })
    await expect.poll(() => table.locator('tr[data-phase=completed]').count(), { timeout: 120_000 }).toBe(2)
    await desktop.screenshot('23-batch')
    const csv = path.join(desktop.folder, 'table.csv')
    await desktop.saveTo(csv)
    await page.getByRole('button', { name: 'Save as CSV…' }).click()
    await expect.poll(() => existsSync(csv)).toBe(true)
    const lines = readFileSync(csv, 'utf8').trim().split('\r\n')
    expect(lines.map((line) => line.split(',').slice(0, 2).join())).toEqual([
      'file,state',
      'a.mrc,completed',
      'b.mrc,completed',
      'broken.mrc,failed',
    ])
    expect(existsSync(path.join(volumes, 'a_mask.mrc'))).toBe(true)
    expect(existsSync(path.join(volumes, 'b_mask.mrc'))).toBe(true)
    await page.getByRole('button', { name: 'Close', exact: true }).click()
  })

  it('takes the green light away when the server is lost, and gives it back', async () => {
    const { page } = desktop
    const { data } = server
    const port = Number(new URL(server.url).port)
    await server.stopAndKeep()
    await page.locator('[data-testid=connected][data-lost=true]').waitFor()
    await desktop.screenshot('24-server-lost')
    server = await startServer({ env: { CRYOMAMBA_PATH_ROOTS: volumes }, data, port })
    await page.locator('[data-testid=connected][data-lost=false]').waitFor()
  })

  it('asks once when it is closed over a run, and has its mask at the next start', async () => {
    await openThroughDialog(desktop, SAMPLE)
    await volumeShown(desktop, 'sample.mrc')
    await run(/^Run$/)
    await row('sample.mrc', 'running').waitFor({ timeout: 60_000 })
    expect(await desktop.closeAndKeep()).toBe(1)
    desktop = await launchDesktop([], desktop.folder)
    await row('sample.mrc', 'waiting').waitFor()
    await row('b.mrc', 'completed').first().waitFor()
    await desktop.screenshot('25-next-start')
    await connectTo(desktop, server) // this system has no keychain: the token was not kept
    await row('sample.mrc', 'completed').waitFor({ timeout: 240_000 })
    await row('sample.mrc').getByRole('button', { name: 'sample.mrc', exact: true }).click()
    await volumeShown(desktop, 'sample.mrc')
    await maskShown()
    await desktop.screenshot('26-mask-of-before')
  })

  it('forgets a server that is removed from the list', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Change' }).click()
    await page.getByRole('list', { name: 'Servers used before' }).waitFor()
    await desktop.screenshot('27-servers')
    await page.getByRole('button', { name: `Remove ${server.url}` }).click()
    await page.getByRole('list', { name: 'Servers used before' }).waitFor({ state: 'detached' })
  })

  it('reported no error and no violation of its policy', () => {
    expect(desktop.complaints).toEqual([])
  })
})
