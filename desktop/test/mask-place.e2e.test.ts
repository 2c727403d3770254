import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { int16Bytes, mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'
import { turnedNifti } from './turned-nifti.ts'

// A cube: only the headers tell how its axes lie.
const EDGE = 24
let folder: string
let desktop: DesktopApp
const file = (name: string) => path.join(folder, name)

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-mask-place-'))
  const bytes = turnedNifti([EDGE, EDGE, EDGE], (x, y, z) => x + 2 * y + 3 * z + 1)
  writeFileSync(file('volume.nii'), bytes)
  const mask = turnedNifti([EDGE, EDGE, EDGE], (x) => (x < 5 ? 1 : 0))
  writeFileSync(file('fits.nii'), mask)
  const view = new DataView(mask.buffer)
  // The first two columns of the sform, swapped.
  for (const row of [280, 296, 312]) {
    const [a, b] = [view.getFloat32(row, true), view.getFloat32(row + 4, true)]
    view.setFloat32(row, b, true)
    view.setFloat32(row + 4, a, true)
  }
  writeFileSync(file('permuted.nii'), mask)
  const cell = [EDGE * 10, EDGE * 10, EDGE * 10]
  const words = { n: [EDGE, EDGE, EDGE], cell, body: int16Bytes(new Array(EDGE ** 3).fill(1)) }
  writeFileSync(file('volume.mrc'), mrcBytes({ ...words, origin: [100, 100, 100] }))
  writeFileSync(file('mask.mrc'), mrcBytes({ ...words, origin: [150, 100, 100] }))
  desktop = await launchDesktop([file('volume.nii')])
  await volumeShown(desktop, 'volume.nii')
})
afterAll(async () => {
  await desktop?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function openMask(name: string): Promise<void> {
  await desktop.app.evaluate(({ dialog }, chosen) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
  }, file(name))
  await desktop.page.getByRole('button', { name: 'Open a mask…' }).click()
}

it('a mask whose axes run in other directions is refused, with both named', async () => {
  const { page } = desktop
  await openMask('permuted.nii')
  const notice = page.getByRole('alert').filter({ hasText: 'permuted.nii does not lie on the grid of the volume' })
  await notice.filter({ hasText: 'left, inferior, anterior, those of the volume to inferior, left' }).waitFor()
  expect(await page.getByRole('toolbar', { name: 'Tools' }).count()).toBe(0)
  await notice.getByRole('button', { name: 'Dismiss' }).click()
  await openMask('fits.nii')
  await page.getByRole('toolbar', { name: 'Tools' }).waitFor()
  await page.getByRole('button', { name: 'Done', exact: true }).click()
})

it('an MRC mask with another origin is taken, and the panel says so', async () => {
  const { page } = desktop
  await openThroughDialog(desktop, file('volume.mrc'))
  await volumeShown(desktop, 'volume.mrc')
  await openMask('mask.mrc')
  await page.getByRole('toolbar', { name: 'Tools' }).waitFor()
  await page.getByRole('listitem').filter({ hasText: 'begins 5, 0, 0 voxels (x, y, z)' }).waitFor()
  await desktop.screenshot('91-mask-of-another-origin')
  expect(desktop.complaints).toEqual([])
})
