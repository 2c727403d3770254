import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JobList } from '../../shared/contract/jobs.ts'
import type { Volume } from '../../shared/contract/volumes.ts'
import { type DesktopApp, launchDesktop, openThroughDialog, SAMPLE, volumeShown } from './desktop-app.ts'
import { runCli } from './run-cli.ts'
import { connectTo, expectMaskDrawn, exportMask, readMask } from './run-flow.ts'
import { type ServerProcess, startServer } from './server-process.ts'

let folder: string
let zarr: string
let server: ServerProcess
let desktop: DesktopApp

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-zarr-run-'))
  zarr = path.join(folder, 'tomogram.ome.zarr')
  const { code, err } = await runCli(['convert', SAMPLE, zarr])
  expect(code, err).toBe(0)
  server = await startServer()
  desktop = await launchDesktop()
  await openThroughDialog(desktop, path.join(zarr, '.zattrs'))
  await volumeShown(desktop, 'tomogram.ome.zarr')
  await connectTo(desktop, server)
})
afterAll(async () => {
  await desktop?.close()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function ask<T>(route: string): Promise<T> {
  const reply = await fetch(`${server.url}${route}`, { headers: { authorization: `Bearer ${server.token}` } })
  return (await reply.json()) as T
}

describe('a run on an OME-Zarr image', () => {
  it('says that its finest level is sent as MRC, and sends it with voxel size and values', async () => {
    const { page } = desktop
    await page.getByTestId('converted').waitFor()
    await desktop.screenshot('78-zarr-order')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.locator('[data-testid=run][data-phase=completed]').waitFor({ timeout: 240_000 })
    const [job] = (await ask<JobList>('/v1/jobs')).jobs
    const volume = await ask<Volume>(`/v1/volumes/${job.volume_id}`)
    expect(volume).toMatchObject({ filename: 'tomogram.mrc', format: 'mrc', dtype: 'int16', shape_zyx: [72, 160, 192] })
    for (const size of volume.voxel_size_zyx ?? [0]) expect(size).toBeCloseTo(13.48, 3)
  })

  it('gives the mask that the file itself gives, voxel for voxel over the image, and leaves no copy', async () => {
    const out = path.join(folder, 'out.mrc')
    await exportMask(desktop, 'MRC…', out)
    const direct = path.join(folder, 'direct.mrc')
    const run = await runCli(['segment', SAMPLE, '--out', direct, '--server', server.url, `--token=${server.token}`])
    expect(run.code, run.err).toBe(0)
    const [mask, expected] = [await readMask(out), await readMask(direct)]
    expect(Buffer.from(mask.voxels as Uint8Array).equals(Buffer.from(expected.voxels as Uint8Array))).toBe(true)
    await expectMaskDrawn(desktop, mask)
    expect(existsSync(path.join(folder, 'tomogram.mrc'))).toBe(false)
    expect(readdirSync(desktop.folder).filter((name) => /\.mrc$/.test(name))).toEqual([])
    expect(desktop.complaints).toEqual([])
  })
})
