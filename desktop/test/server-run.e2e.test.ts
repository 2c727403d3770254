import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ArtifactList, JobList } from '../../shared/contract/jobs.ts'
import { type DesktopApp, launchDesktop, SAMPLE, volumeShown } from './desktop-app.ts'
import { countLabel, countsShown, expectMaskDrawn, exportMask, readMask, runModel, sha256Of } from './run-flow.ts'
import { type ServerProcess, startServer } from './server-process.ts'

const PYTHON = '/usr/bin/python3'
const hasMrcfile = spawnSync(PYTHON, ['-c', 'import mrcfile']).status === 0

let server: ServerProcess
let desktop: DesktopApp

beforeAll(async () => {
  server = await startServer()
  desktop = await launchDesktop([SAMPLE])
})
afterAll(async () => {
  await desktop?.close()
  await server?.stop()
})

async function ask<T>(route: string): Promise<T> {
  const reply = await fetch(`${server.url}${route}`, { headers: { authorization: `Bearer ${server.token}` } })
  return (await reply.json()) as T
}

async function artifactHash(name: string): Promise<string | undefined> {
  const { jobs } = await ask<JobList>('/v1/jobs')
  const { artifacts } = await ask<ArtifactList>(`/v1/jobs/${jobs[0].job_id}/artifacts`)
  return artifacts.find((artifact) => artifact.name === name)?.sha256
}

describe('a run on a server', () => {
  it('connects with address and token', async () => {
    await volumeShown(desktop, 'sample.mrc')
    const { page } = desktop
    await page.getByText('Server', { exact: true }).click()
    await page.getByLabel('Address').fill(server.url)
    await page.getByLabel('Token').fill(server.token)
    await page.getByRole('button', { name: 'Test connection' }).click()
    await page.getByTestId('connection-result').filter({ hasText: 'accepts the token' }).waitFor()
    await desktop.screenshot('04-connection-tested')
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    await page.getByTestId('connected').waitFor()
    expect(await page.getByRole('radio', { name: /globular particles/ }).isChecked()).toBe(true)
    await desktop.screenshot('05-connected')
  })

  it('shows previews, then the mask with its voxel counts', async () => {
    await runModel(desktop, '06-server-run')
    expect((await countsShown(desktop)).every((count) => count > 0)).toBe(true)
  })

  it('exports the mask as the server holds it, in three formats, and draws it where it is', async () => {
    const counts = await countsShown(desktop)
    for (const [button, ending] of [
      ['MRC…', 'mrc'],
      ['NIfTI…', 'nii.gz'],
      ['NRRD…', 'nrrd'],
    ]) {
      const file = path.join(desktop.folder, `out.${ending}`)
      await exportMask(desktop, button, file)
      expect(sha256Of(file)).toBe(await artifactHash(`mask.${ending}`))
      const mask = await readMask(file)
      expect(mask.shapeZyx).toEqual([72, 160, 192])
      expect([1, 2, 3].map((label) => countLabel(mask, label))).toEqual(counts)
    }
    await expectMaskDrawn(desktop, await readMask(path.join(desktop.folder, 'out.mrc')))
  })

  it.skipIf(!hasMrcfile)('is read by mrcfile on the grid of the tomogram', async () => {
    const program = `
import json, sys, mrcfile
def facts(file):
    with mrcfile.open(file) as m:
        h = m.header
        return {'shape': list(m.data.shape), 'voxel': [round(float(m.voxel_size[a]), 4) for a in 'xyz'],
                'origin': [float(h.origin[a]) for a in 'xyz'], 'nstart': [int(h.nxstart), int(h.nystart), int(h.nzstart)],
                'labels': sorted(int(v) for v in set(m.data.ravel().tolist())), 'mode': int(h.mode)}
print(json.dumps([facts(f) for f in sys.argv[1:]]))`
    const run = spawnSync(PYTHON, ['-c', program, SAMPLE, path.join(desktop.folder, 'out.mrc')], { encoding: 'utf8' })
    const [sample, mask] = JSON.parse(run.stdout)
    for (const key of ['shape', 'voxel', 'origin', 'nstart']) expect(mask[key]).toEqual(sample[key])
    expect(mask.labels).toEqual([0, 1, 2, 3])
    expect(mask.mode).toBe(0)
  })

  it('hides a label and changes its colour at once', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Hide membrane' }).click()
    await page.getByRole('button', { name: 'Show membrane' }).waitFor()
    await page.getByLabel('Colour of particle').fill('#3366ff')
    await page.waitForTimeout(500)
    await desktop.screenshot('07-label-hidden')
    await page.getByRole('button', { name: 'Show membrane' }).click()
  })

  it('cancels a second run and leaves nothing of it', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Run again' }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.locator('[data-testid=run][data-phase=canceled]').waitFor({ timeout: 60_000 })
    expect(await page.getByRole('region', { name: 'Mask', exact: true }).count()).toBe(0)
    expect(await page.getByRole('region', { name: 'Preview', exact: true }).count()).toBe(0)
    await desktop.screenshot('08-canceled')
  })

  it('reported no error and no violation of its policy', () => {
    expect(desktop.complaints).toEqual([])
  })
})
