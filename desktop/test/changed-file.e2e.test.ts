import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'
import { writeSmallMrc } from './small-mrc.ts'

// More than the coarse level on show takes: slices come from the file.
const N = [200, 160, 80] as const
let folder: string
let volume: string
let desktop: DesktopApp
let numWritten = 0

/** Writes the file anew: one shape and size, other voxels. */
function reconstruct(): void {
  const seed = ++numWritten
  writeSmallMrc(volume, N, [10, 10, 10], (x, y, z) => 1000 * seed + ((x + 2 * y + 3 * z) % 100))
  touch()
}
function touch(): void {
  utimesSync(volume, new Date(), new Date(Date.now() + ++numWritten * 60_000))
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-changed-'))
  volume = path.join(folder, 'volume.mrc')
  reconstruct()
  desktop = await launchDesktop([volume])
  await volumeShown(desktop, 'volume.mrc')
  await desktop.page.getByLabel('Level on show').selectOption({ label: '2 M voxels' })
  await desktop.page.getByText('level 1/2').first().waitFor()
})
afterAll(async () => {
  await desktop?.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  const { page } = desktop
  await openThroughDialog(desktop, volume)
  await volumeShown(desktop, 'volume.mrc')
  const dismiss = page.getByRole('alert').getByRole('button', { name: 'Dismiss' })
  while ((await dismiss.count()) > 0) await dismiss.first().click()
  // What it holds is known.
  await page.waitForTimeout(4500)
})

const notice = () => desktop.page.getByRole('alert').filter({ hasText: 'volume.mrc has changed on the disk' })
const resolution = () => desktop.page.getByTestId('resolution-xy').textContent()
const value = () => desktop.page.getByTestId('voxel-value').getAttribute('data-value')

async function moveCrosshair(z: number): Promise<void> {
  await desktop.page.getByLabel('Voxel z').fill(String(z))
  await desktop.page.getByLabel('Voxel z').press('Enter')
}

describe('a file that changes while it is open', () => {
  it('is told of once, with what to do, and nothing of its new content is shown', async () => {
    await moveCrosshair(10)
    await expect.poll(resolution).toContain('full resolution')
    reconstruct()
    await moveCrosshair(11)
    await notice().filter({ hasText: 'Open it again.' }).waitFor()
    await desktop.screenshot('94-file-changed')
    expect(await desktop.page.getByTestId('voxel-value').textContent()).toBe('…')
    await expect.poll(resolution).toContain('1/2')
    await notice().getByRole('button', { name: 'Dismiss' }).click()
    await moveCrosshair(12)
    await desktop.page.waitForTimeout(2500)
    expect(await notice().count()).toBe(0)
    await desktop.page.getByRole('button', { name: 'Empty mask' }).click()
    await notice().waitFor()
    expect(await desktop.page.getByRole('toolbar', { name: 'Tools' }).count()).toBe(0)
  })

  it('is not told of when it was only touched', async () => {
    touch()
    await moveCrosshair(11)
    await desktop.page.waitForTimeout(2500)
    expect(await notice().count()).toBe(0)
    expect(await value()).not.toBe('')
  })

  it('is asked about before a mask is written', async () => {
    const { page, app } = desktop
    const out = path.join(folder, 'mask.mrc')
    await desktop.saveTo(out)
    await page.getByRole('button', { name: 'Empty mask' }).click()
    await page.getByRole('toolbar', { name: 'Tools' }).waitFor()
    reconstruct()
    const answer = (response: number) =>
      app.evaluate(({ dialog }, chosen) => {
        dialog.showMessageBox = (async (_window: unknown, { message }: { message: string }) => {
          ;(globalThis as { asked?: string }).asked = message
          return { response: chosen, checkboxChecked: false }
        }) as typeof dialog.showMessageBox
      }, response)
    const asked = () => app.evaluate(() => (globalThis as { asked?: string }).asked)
    await answer(1)
    await page.getByRole('button', { name: 'MRC…', exact: true }).click()
    await expect.poll(asked).toBe('volume.mrc has changed on the disk since the mask was begun.')
    expect(existsSync(out)).toBe(false)
    await answer(0)
    await page.getByRole('button', { name: 'MRC…', exact: true }).click()
    await page.getByRole('status').filter({ hasText: 'Saved mask.mrc' }).waitFor()
    expect(JSON.parse(readFileSync(`${out}.provenance.json`, 'utf8')).input).toMatchObject({ has_changed_since: true })
    expect(desktop.complaints).toEqual([])
  })
})
