import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Job, JobList } from '../../shared/contract/jobs.ts'
import { type DesktopApp, launchDesktop, openThroughDialog, SAMPLE, volumeShown } from './desktop-app.ts'
import { runCli } from './run-cli.ts'
import { connectTo, exportMask, sha256Of } from './run-flow.ts'
import { type ServerProcess, startServer } from './server-process.ts'
import { writeSmallVolume } from './small-volume.ts'

let folder: string
let server: ServerProcess
let desktop: DesktopApp

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-elsewhere-'))
  for (const [mark, name] of ['a.mrc', 'b.mrc'].entries()) writeSmallVolume(at(name), mark)
  server = await startServer()
  for (const name of ['a', 'b']) {
    const { code, err } = await segment(at(`${name}.mrc`), at(`${name}-mask.mrc`))
    expect(code, err).toBe(0)
  }
  desktop = await launchDesktop([at('a.mrc')])
  await volumeShown(desktop, 'a.mrc')
  await connectTo(desktop, server)
  await desktop.page.getByText('Jobs made elsewhere').click()
})
afterAll(async () => {
  await desktop?.close()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const at = (name: string) => path.join(folder, name)
const segment = (file: string, out: string, ...more: string[]) =>
  runCli(['segment', file, '--out', out, '--server', server.url, `--token=${server.token}`, ...more])

async function ask<T>(route: string, method = 'GET', body?: object): Promise<T> {
  const reply = await fetch(`${server.url}${route}`, {
    method,
    headers: { authorization: `Bearer ${server.token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  return (await reply.json()) as T
}

const other = (state: string, match: string) =>
  desktop.page.locator(`[data-testid=other-job][data-state=${state}][data-match=${match}]`)
const row = (name: string, phase: string) =>
  desktop.page.locator(`[data-testid=run-row][data-name="${name}"][data-phase=${phase}]`)
const shown = (phase: string) => desktop.page.locator(`[data-testid=run][data-phase=${phase}]`)

describe('jobs that were made elsewhere', () => {
  it('are listed with their state, and with whether their volume is the open file', async () => {
    await other('completed', 'open').getByText('a.mrc').waitFor()
    await other('completed', 'other').getByText('b.mrc').waitFor()
    await desktop.page.getByText('Jobs made elsewhere').scrollIntoViewIfNeeded()
    await desktop.screenshot('76-made-elsewhere')
  })

  it('have their mask shown over the open file, the same as the other program got', async () => {
    const { page } = desktop
    await other('completed', 'open').getByRole('button', { name: 'Show the mask' }).click()
    await shown('completed').waitFor()
    await page.getByRole('region', { name: 'Mask', exact: true }).waitFor()
    await other('completed', 'open').waitFor({ state: 'detached' })
    await exportMask(desktop, 'MRC…', at('exported.mrc'))
    expect(sha256Of(at('exported.mrc'))).toBe(sha256Of(at('a-mask.mrc')))
  })

  it('of another volume are fetched and saved, and shown once that volume is open', async () => {
    const { page } = desktop
    await other('completed', 'other').getByRole('button', { name: 'Fetch the mask' }).click()
    await row('b.mrc', 'completed').waitFor()
    await desktop.saveTo(at('saved.mrc'))
    await row('b.mrc', 'completed').getByRole('button', { name: 'Save its mask…' }).click()
    await page.getByRole('status').filter({ hasText: 'Saved saved.mrc' }).waitFor()
    expect(sha256Of(at('saved.mrc'))).toBe(sha256Of(at('b-mask.mrc')))
    const choose = () => row('b.mrc', 'completed').getByRole('button', { name: 'b.mrc', exact: true }).click()
    await choose()
    await page.getByText('The run is of b.mrc, and the open file is another.').waitFor()
    await desktop.screenshot('77-volume-not-open')
    await openThroughDialog(desktop, at('b.mrc'))
    await volumeShown(desktop, 'b.mrc')
    await choose()
    await page.getByRole('region', { name: 'Mask', exact: true }).waitFor()
    await exportMask(desktop, 'MRC…', at('exported.mrc'))
    expect(sha256Of(at('exported.mrc'))).toBe(sha256Of(at('b-mask.mrc')))
  })

  it('are watched and canceled while they go on', async () => {
    const { page } = desktop
    await openThroughDialog(desktop, SAMPLE)
    await volumeShown(desktop, 'sample.mrc')
    const command = segment(SAMPLE, at('sample-mask.mrc'), '--step', '0.1')
    const going = page.locator('[data-testid=other-job][data-match=open]:not([data-state=completed])')
    await going.getByRole('button', { name: 'Watch' }).click()
    await page.getByTestId('previews').waitFor({ timeout: 120_000 })
    await page.getByTestId('run').getByRole('button', { name: 'Cancel' }).click()
    await shown('canceled').waitFor()
    expect((await command).code).toBe(2)
    expect((await ask<JobList>('/v1/jobs')).jobs[0].state).toBe('canceled')
  })

  it('are tried again when they were canceled', async () => {
    const [{ volume_id }] = (await ask<JobList>('/v1/jobs')).jobs
    // Long enough to be canceled before its end.
    const order = { volume_id, model: 'demo-cryoet-unet', params: { step: 0.1 } }
    const { job_id } = await ask<Job>('/v1/jobs', 'POST', order)
    await ask(`/v1/jobs/${job_id}`, 'DELETE')
    const job = () => ask<Job>(`/v1/jobs/${job_id}`)
    await expect.poll(async () => (await job()).state, { timeout: 60_000 }).toBe('canceled')
    await other('canceled', 'open').getByRole('button', { name: 'Try again' }).click()
    await shown('running').waitFor()
    expect((await job()).attempt).toBe(2)
    await desktop.page.getByTestId('run').getByRole('button', { name: 'Cancel' }).click()
    await shown('canceled').waitFor()
    expect(desktop.complaints).toEqual([])
  })
})
