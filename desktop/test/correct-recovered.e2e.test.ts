import { mkdtempSync, rmSync, utimesSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, volumeShown } from './desktop-app.ts'
import { keepRuns } from './kept-run.ts'
import { writeSmallMrc } from './small-mrc.ts'

// The machine may be busy with other tests.
const SLOW = { timeout: 30_000 }
const [NX, NY, NZ] = [48, 40, 20]
const VOXEL = [10, 10, 10] as const
let folder: string
let volume: string
let desktop: DesktopApp

/** Probability 5 x of 255. */
const numAbove = (threshold: number) =>
  NY * NZ * Array.from({ length: NX }, (_, x) => x).filter((x) => 5 * x >= threshold * 255).length
const voxels = () => desktop.page.getByTestId('mask-label-voxels').first().getAttribute('data-voxels')
const question = () => desktop.page.getByText('Corrections of volume.mrc were kept.')

function reconstruct(seed: number): void {
  writeSmallMrc(volume, [NX, NY, NZ], VOXEL, (x, y, z) => 500 + ((x * 7 + y * 3 + z * seed) % 200))
  utimesSync(volume, new Date(), new Date(Date.now() + seed * 60_000))
}

async function applyThreshold(value: number): Promise<void> {
  const { page } = desktop
  await page.getByRole('button', { name: 'Threshold of the probability…' }).click()
  await page.getByRole('slider', { name: 'Probability' }).fill(String(value))
  await page.getByRole('button', { name: 'Apply', exact: true }).click()
  await expect.poll(voxels, SLOW).toBe(String(numAbove(value)))
}

/** The program ends without a word, and is started again. */
async function crash(): Promise<void> {
  const child = desktop.app.process()
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-recovered-'))
  volume = path.join(folder, 'volume.mrc')
  const file = (name: string, value: (x: number) => number) => {
    writeSmallMrc(path.join(folder, name), [NX, NY, NZ], VOXEL, value)
    return path.join(folder, name)
  }
  reconstruct(1)
  const beside = [file('probability.mrc', (x) => 5 * x), file('candidate.mrc', () => 1)]
  await keepRuns(folder, [{ runRef: 'run', file: volume, mask: file('mask.mrc', (x) => (x > 25 ? 1 : 0)), beside }])
  desktop = await launchDesktop([volume], folder)
  await volumeShown(desktop, 'volume.mrc')
})
afterAll(async () => {
  await desktop?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('corrections of the mask of a run, after a crash', () => {
  it('are offered although the file was touched, and have the threshold of the probability again', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Correct this mask' }).click()
    await applyThreshold(0.3)
    await crash()
    utimesSync(volume, new Date(), new Date(Date.now() + 3_600_000))
    desktop = await launchDesktop([], folder)
    await question().waitFor()
    expect(await desktop.page.getByText('check whether they still fit').count()).toBe(0)
    await desktop.page.getByRole('button', { name: 'Go on with them' }).click()
    await desktop.page.getByRole('toolbar', { name: 'Tools' }).waitFor()
    expect(await voxels()).toBe(String(numAbove(0.3)))
    await applyThreshold(0.7)
  })

  it('are offered with a warning when the file has changed', async () => {
    await crash()
    reconstruct(7)
    desktop = await launchDesktop([], folder)
    await question().waitFor()
    await desktop.page.getByText('The file has changed since: check whether they still fit it.').waitFor()
    await desktop.screenshot('92-kept-of-a-changed-file')
    await desktop.page.getByRole('button', { name: 'Go on with them' }).click()
    await desktop.page.getByRole('toolbar', { name: 'Tools' }).waitFor()
    expect(await voxels()).toBe(String(numAbove(0.7)))
    await desktop.page.getByText('End without exporting…').click()
    await desktop.page.getByRole('button', { name: 'Discard the changes' }).click()
    await desktop.page.getByRole('button', { name: 'Empty mask' }).waitFor()
    expect(await desktop.page.getByRole('button', { name: 'Correct this mask' }).count()).toBe(0)
    expect(desktop.complaints).toEqual([])
  })
})
