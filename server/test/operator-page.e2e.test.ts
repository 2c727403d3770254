import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient } from '../../shared/client/client.ts'
import type { Job } from '../../shared/contract/jobs.ts'
import { openFileSource } from '../../shared/node/file-source.ts'
import { hasCompiledServer, type RealServer, startRealServer } from './real-server.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const SAMPLE = path.join(ROOT, 'resources/sample/sample.mrc')
const SCREENSHOTS = path.join(ROOT, 'test-out/screenshots')
/** Debian's package; there is no other way to a browser here. */
const CHROMIUM = '/usr/bin/chromium'
const TOKEN = 'the-token-of-the-server'

describe.runIf(hasCompiledServer && existsSync(CHROMIUM))('the page of the people who run a server', () => {
  let folder: string
  let server: RealServer
  let browser: Browser
  let page: Page
  const complaints: string[] = []
  const asked: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-page-'))
    server = await startRealServer(folder, 0, { CRYOMAMBA_TOKEN: TOKEN, CRYOMAMBA_THREADS: '1' })
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
    page = await browser.newPage({ viewport: { width: 1300, height: 900 } })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('request', (request) => asked.push(request.url()))
    await mkdir(SCREENSHOTS, { recursive: true })
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const section = (title: string) =>
    page.locator('section').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
  const signIn = async (token: string) => {
    await page.getByLabel('Token of an administrator').fill(token)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  it('shows nothing without a token, and says why one is refused', async () => {
    await page.goto(server.url)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.locator('section').count()).toBe(0)
    await page.screenshot({ path: path.join(SCREENSHOTS, 'operator-sign-in.png') })
    await signIn('cm_wrong')
    await page.getByRole('alert').getByText('did not accept the token').waitFor()
    // Chromium itself notes each refused answer.
    complaints.splice(0)
  })

  it('shows devices, queue, users, disk and models, live, and cancels a job', async () => {
    await signIn(TOKEN)
    await page.getByText('Nothing runs and nothing waits.').waitFor()
    const client = createClient({ url: server.url, token: TOKEN })
    const source = await openFileSource(SAMPLE)
    const volume = await client.upload(source, { filename: 'patient-17.mrc' })
    await source.close()
    const [model] = await client.models()
    const params = { step: 0.25 }
    const jobs: Job[] = []
    for (let i = 0; i < 3; i++)
      jobs.push(await client.createJob({ volume_id: volume.volume_id, model: model.id, params }))
    const queue = section('Jobs')
    await queue.getByText(/(running|previewing) on cpu/).waitFor()
    await queue.getByText('queued (2)').waitFor()
    await section('Devices')
      .getByText(`runs ${jobs[0].job_id.slice(-8)}`)
      .waitFor()
    await section('Models').getByText(model.id, { exact: true }).waitFor()
    const users = section('Users')
    expect(await users.locator('tbody tr').allTextContents()).toEqual([expect.stringMatching(/^owner121 · /)])
    await page.screenshot({ path: path.join(SCREENSHOTS, 'operator-queue.png'), fullPage: true })
    page.once('dialog', (dialog) => void dialog.accept())
    await page.getByRole('button', { name: `Cancel job ${jobs[2].job_id.slice(-8)} of owner` }).click()
    await expect.poll(async () => (await client.job(jobs[2].job_id)).state).toBe('canceled')
    await client.watchJob(jobs[1].job_id, {})
    const ended = section('Ended last')
    await expect.poll(() => ended.locator('tbody tr').count(), { timeout: 20_000 }).toBe(3)
    await page.getByText('Nothing runs and nothing waits.').waitFor()
    await page.screenshot({ path: path.join(SCREENSHOTS, 'operator-ended.png'), fullPage: true })
    expect(await page.content()).not.toContain('patient')
    expect(complaints).toEqual([])
  }, 120_000)

  it('keeps the token of its tab when it is loaded again, in no address, and forgets it when told to', async () => {
    await page.reload()
    await page.getByRole('heading', { name: 'Devices' }).waitFor()
    expect(asked.filter((url) => url.includes(TOKEN) || url.includes('?'))).toEqual([])
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }))).toBe('{}')
  })

  it('is for administrators only, and says so', async () => {
    const made = await fetch(`${server.url}/v1/admin/overview`)
    expect(made.status).toBe(401)
    const other = await browser.newContext()
    const foreign = await other.newPage()
    const reply = await foreign.goto(`${server.url}/operator/..%2f..%2fpackage.json`)
    expect(reply?.status()).toBe(404)
    expect((await foreign.goto(server.url))?.headers()['content-security-policy']).toContain("default-src 'none'")
    await other.close()
  })

  it('says when the server has gone away, and goes on when it is back', async () => {
    await signIn(TOKEN)
    await page.getByRole('heading', { name: 'Devices' }).waitFor()
    await server.kill()
    await page.getByRole('alert').getByText('does not answer').waitFor()
    server = await startRealServer(folder, server.port, { CRYOMAMBA_TOKEN: TOKEN })
    await expect.poll(() => page.getByRole('alert').isVisible(), { timeout: 20_000 }).toBe(false)
    await page.getByRole('heading', { name: 'Devices' }).waitFor()
  }, 60_000)
})
