import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, openThroughDialog, SAMPLE, volumeShown } from './desktop-app.ts'
import { type ServerProcess, startServer } from './server-process.ts'

let desktop: DesktopApp
let server: ServerProcess

beforeAll(async () => {
  server = await startServer()
  desktop = await launchDesktop()
})
afterAll(async () => {
  await desktop?.close()
  await server?.stop()
})

/** The newest problem on the bar: one sentence that names it, one that says what to do. */
async function problem(): Promise<{ message: string; hint: string }> {
  const bar = desktop.page.locator('.notice.is-problem').last()
  await bar.waitFor()
  const message = (await bar.locator('strong').textContent()) ?? ''
  return { message, hint: ((await bar.locator('p').textContent()) ?? '').slice(message.length).trim() }
}

async function dismissAll(): Promise<void> {
  const buttons = desktop.page.getByRole('button', { name: 'Dismiss', exact: true })
  while ((await buttons.count()) > 0) await buttons.first().click()
}

async function tryConnection(url: string, token: string): Promise<{ code: string | null; text: string }> {
  const { page } = desktop
  await page.getByLabel('Address').fill(url)
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Test connection' }).click()
  const result = page.getByTestId('connection-result')
  await result.waitFor()
  return { code: await result.getAttribute('data-code'), text: (await result.textContent()) ?? '' }
}

describe('a file that cannot be opened', () => {
  it('is named, with what to do, whether it is no volume, cut off or gone', async () => {
    const text = path.join(desktop.folder, 'notes.mrc')
    writeFileSync(text, 'not a volume at all\n'.repeat(200))
    await openThroughDialog(desktop, text)
    expect((await problem()).message).toContain('notes.mrc')
    expect((await problem()).hint.length).toBeGreaterThan(10)
    await dismissAll()

    const cut = path.join(desktop.folder, 'cut.mrc')
    writeFileSync(cut, readFileSync(SAMPLE).subarray(0, 100_000))
    await openThroughDialog(desktop, cut)
    expect((await problem()).message).toContain('cut.mrc')
    await desktop.screenshot('10-cut-file')
    await dismissAll()

    await openThroughDialog(desktop, path.join(desktop.folder, 'gone.mrc'))
    expect((await problem()).message).toContain('gone.mrc')
    await dismissAll()
  })

  it('does not keep the next good file from opening, and leaves that on show', async () => {
    await openThroughDialog(desktop, SAMPLE)
    await volumeShown(desktop, 'sample.mrc')
    await openThroughDialog(desktop, path.join(desktop.folder, 'cut.mrc'))
    await problem()
    await volumeShown(desktop, 'sample.mrc')
    await dismissAll()
  })
})

describe('a server that cannot be used', () => {
  it('is told apart: no server, wrong token, no address', async () => {
    await desktop.page.getByText('Server', { exact: true }).click()
    const dead = await tryConnection('http://127.0.0.1:9', 'abc')
    expect(dead.code).toBe('server_unreachable')
    expect(dead.text).toContain('127.0.0.1:9')
    await desktop.screenshot('11-dead-server')
    expect((await tryConnection(server.url, 'wrong')).code).toBe('unauthorized')
    await desktop.screenshot('12-wrong-token')
    expect((await tryConnection('ftp://somewhere', 'abc')).code).toBe('request_invalid')
  })

  it('does not keep the right one from being used', async () => {
    expect((await tryConnection(server.url, server.token)).code).toBeNull()
    await desktop.page.getByRole('button', { name: 'Connect', exact: true }).click()
    await desktop.page.getByTestId('connected').waitFor()
  })

  it('ends a run with the reason when it goes away, and the window goes on', async () => {
    const { page } = desktop
    await server.stop()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    const failed = page.locator('[data-testid=run][data-phase=failed] [role=alert]')
    await failed.waitFor({ timeout: 200_000 })
    expect(await failed.getAttribute('data-code')).toBe('server_unreachable')
    await desktop.screenshot('13-server-gone')
    await openThroughDialog(desktop, SAMPLE)
    await volumeShown(desktop, 'sample.mrc')
  })

  it('leaves no error of the program itself', () => {
    expect(desktop.complaints).toEqual([])
  })
})
