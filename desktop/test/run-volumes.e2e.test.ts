import { mkdtempSync, rmSync, utimesSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'
import { keepRuns } from './kept-run.ts'
import { writeSmallMrc } from './small-mrc.ts'

const N = [48, 40, 20] as const
const VOXEL = [10, 10, 10] as const
let folder: string
let desktop: DesktopApp
const file = (name: string) => path.join(folder, name)

/** Writes a volume anew: one shape, other voxels, another time. */
function reconstruct(name: string, seed: number): void {
  writeSmallMrc(file(name), N, VOXEL, (x, y, z) => 500 + ((x * 7 + y * 3 + z * seed) % 200))
  utimesSync(file(name), new Date(), new Date(Date.now() + seed * 60_000))
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-run-volumes-'))
  writeSmallMrc(file('mask.mrc'), N, VOXEL, (x) => (x < 24 ? 1 : 0))
  for (const name of ['touched.mrc', 'redone.mrc', 'old.mrc', 'wrong.mrc']) reconstruct(name, 1)
  writeSmallMrc(file('small.mrc'), [10, 10, 10], VOXEL, () => 1)
  await keepRuns(folder, [
    { runRef: 'touched', file: file('touched.mrc'), mask: file('mask.mrc') },
    { runRef: 'redone', file: file('redone.mrc'), mask: file('mask.mrc') },
    { runRef: 'old', file: file('old.mrc'), mask: file('mask.mrc'), isOld: true },
    { runRef: 'wrong', file: file('wrong.mrc'), mask: file('small.mrc') },
  ])
  utimesSync(file('touched.mrc'), new Date(), new Date(Date.now() + 3_600_000))
  reconstruct('redone.mrc', 3)
  desktop = await launchDesktop([], folder)
})
afterAll(async () => {
  await desktop?.close()
  rmSync(folder, { recursive: true, force: true })
})

const row = (name: string) => desktop.page.locator(`[data-testid=run-row][data-name="${name}"]`)
const maskPanel = () => desktop.page.getByRole('region', { name: 'Mask', exact: true })

async function open(name: string): Promise<void> {
  await openThroughDialog(desktop, file(name))
  await volumeShown(desktop, name)
}

async function dismissNotices(): Promise<void> {
  const buttons = desktop.page.getByRole('alert').getByRole('button', { name: 'Dismiss' })
  while ((await buttons.count()) > 0) await buttons.first().click()
}

describe('the mask of an earlier run', () => {
  it('lies over its file again when that was only touched', async () => {
    await open('touched.mrc')
    await maskPanel().waitFor()
    await desktop.page.getByRole('button', { name: 'Correct this mask' }).waitFor()
    expect(await desktop.page.getByRole('alert').count()).toBe(0)
  })

  it('is not laid over a file that was reconstructed again, and the window says so', async () => {
    await open('redone.mrc')
    const notice = desktop.page.getByRole('alert').filter({ hasText: 'redone.mrc has changed since Demo ran on it' })
    await notice.waitFor()
    await desktop.screenshot('90-run-of-an-earlier-file')
    expect(await desktop.page.getByRole('button', { name: 'Correct this mask' }).count()).toBe(0)
    expect(await maskPanel().count()).toBe(0)
    await row('redone.mrc').getByText('the file has changed since').waitFor()
    await row('redone.mrc').getByRole('button', { name: 'Save its mask' }).waitFor()
    await dismissNotices()
    await row('redone.mrc').getByRole('button', { name: 'redone.mrc', exact: true }).click()
    await notice.waitFor()
    expect(await maskPanel().count()).toBe(0)
    await dismissNotices()
  })

  it('that noted nothing of its file is shown once the user, told of it, chooses the run', async () => {
    await open('old.mrc')
    await desktop.page.getByRole('alert').filter({ hasText: 'is not known' }).waitFor()
    expect(await maskPanel().count()).toBe(0)
    await dismissNotices()
    await row('old.mrc').getByRole('button', { name: 'old.mrc', exact: true }).click()
    await maskPanel().waitFor()
    expect(await desktop.page.getByRole('alert').count()).toBe(0)
  })

  it('that has another shape than the file is told of, and offered for nothing', async () => {
    await open('wrong.mrc')
    await desktop.page.getByRole('alert').filter({ hasText: '10 × 10 × 10 voxels' }).waitFor()
    expect(await desktop.page.getByRole('button', { name: 'Correct this mask' }).count()).toBe(0)
    expect(desktop.complaints).toEqual([])
  })
})
