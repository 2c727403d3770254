import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { JobList } from '../../shared/contract/jobs.ts'
import { type DesktopApp, launchDesktop, volumeShown } from './desktop-app.ts'
import { connectTo } from './run-flow.ts'
import { type ServerProcess, startServer } from './server-process.ts'
import { writeSmallMrc } from './small-mrc.ts'

let folder: string
let server: ServerProcess
let desktop: DesktopApp

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-pause-'))
  // Eleven rows of one tile: some are finished while others are still to come.
  const wave = (x: number, y: number, z: number) => 1000 + Math.round(200 * Math.sin(x / 5) * Math.cos((y + z) / 7))
  writeSmallMrc(path.join(folder, 'long.mrc'), [100, 100, 384], [13.48, 13.48, 13.48], wave)
  server = await startServer()
  desktop = await launchDesktop([path.join(folder, 'long.mrc')])
  await volumeShown(desktop, 'long.mrc')
  await connectTo(desktop, server)
})
afterAll(async () => {
  await desktop?.close()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function newestJob() {
  const reply = await fetch(`${server.url}/v1/jobs`, { headers: { authorization: `Bearer ${server.token}` } })
  return ((await reply.json()) as JobList).jobs[0]
}

it('a job is paused, and goes on from the tiles that are finished', async () => {
  const { page } = desktop
  const button = (name: string) => page.getByTestId('run').getByRole('button', { name, exact: true })
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByText(/^[4-9] of 11$/).waitFor({ timeout: 120_000 })
  await button('Pause').click()
  await page.locator('[data-testid=run][data-phase=paused]').waitFor({ timeout: 60_000 })
  await page.getByText('Paused: what is finished is kept').waitFor()
  await desktop.screenshot('28b-job-paused')
  expect((await newestJob()).state).toBe('paused')
  await button('Go on').click()
  await page.locator('[data-testid=run][data-phase=completed]').waitFor({ timeout: 240_000 })
  await page.getByRole('region', { name: 'Mask', exact: true }).waitFor()
  const done = await newestJob()
  expect(done).toMatchObject({ state: 'completed', attempt: 2, result: { tiles: 11 } })
  expect(done.result?.tiles_resumed).toBeGreaterThan(0)
  expect(desktop.complaints).toEqual([])
})
