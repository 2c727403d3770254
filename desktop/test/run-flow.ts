import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import type { DesktopApp } from './desktop-app.ts'
import { pixelsAt, type Rgb, saturation } from './pixels.ts'

/** Connects the window to a server. */
export async function connectTo({ page }: DesktopApp, { url, token }: { url: string; token: string }): Promise<void> {
  await page.getByText('Server', { exact: true }).click()
  await page.getByLabel('Address').fill(url)
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await page.getByTestId('connected').waitFor()
}

/** Presses Run and waits for previews and the end. The tile and preview lines are read on the way. */
export async function runModel({ page, screenshot }: DesktopApp, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByTestId('previews').waitFor({ timeout: 240_000 })
  await page.getByRole('region', { name: 'Preview', exact: true }).waitFor()
  await page.waitForTimeout(700)
  await screenshot(`${name}-preview`)
  await page.locator('[data-testid=run][data-phase=completed]').waitFor({ timeout: 240_000 })
  await page.getByRole('region', { name: 'Mask', exact: true }).waitFor()
  await page.waitForTimeout(700)
  await screenshot(`${name}-mask`)
}

/** Exports the mask as a format to a file, and waits until the window says that it is saved. */
export async function exportMask(desktop: DesktopApp, button: string, file: string): Promise<void> {
  await desktop.saveTo(file)
  await desktop.page.getByRole('button', { name: button }).click()
  await desktop.page.getByRole('status').filter({ hasText: 'Saved' }).waitFor()
  await desktop.page.getByRole('button', { name: 'Dismiss', exact: true }).first().click()
}

export function sha256Of(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

export interface MaskVoxels {
  shapeZyx: readonly [number, number, number]
  voxels: ArrayLike<number>
}

export async function readMask(file: string): Promise<MaskVoxels> {
  const source = await openVolumeFile(file)
  const { shapeZyx } = source.header
  const voxels = (await source.readSlab(0, shapeZyx[0])) as unknown as ArrayLike<number>
  await source.close()
  return { shapeZyx, voxels }
}

/** Numbers of the label list, in its order. */
export async function countsShown({ page }: DesktopApp): Promise<number[]> {
  const texts = await page.getByTestId('label-voxels').allTextContents()
  return texts.map((text) => Number(text.split('·')[0].replaceAll(/\D/g, '')))
}

export function countLabel({ voxels }: MaskVoxels, label: number): number {
  let count = 0
  for (let i = 0; i < voxels.length; i++) if (voxels[i] === label) count++
  return count
}

/** Colours of the XY pane over voxels well inside a label, and well outside any, of the slice on show. */
export async function coloursOverLabels(
  desktop: DesktopApp,
  mask: MaskVoxels,
): Promise<{ inside: Rgb[]; outside: Rgb[] }> {
  const toPixel = await xyPaneMapping(desktop, mask.shapeZyx)
  const inside = uniformVoxels(mask, toPixel.centre, (label) => label > 0)
  const outside = uniformVoxels(mask, toPixel.centre, (label) => label === 0)
  const colours = await pixelsAt(
    desktop.page,
    [...inside, ...outside].map(([x, y]) => toPixel.map(x, y)),
  )
  return { inside: colours.slice(0, inside.length), outside: colours.slice(inside.length) }
}

interface PaneMapping {
  centre: readonly [number, number, number]
  map(x: number, y: number): [number, number]
}

/** Where voxels of the slice on show are in the window, found by clicking twice and reading the crosshair. */
async function xyPaneMapping(
  { page }: DesktopApp,
  [, sizeY, sizeX]: readonly [number, number, number],
): Promise<PaneMapping> {
  const canvas = await page.locator('canvas').boundingBox()
  if (!canvas) throw new Error('no picture')
  const click = async (x: number, y: number) => {
    await page.mouse.click(canvas.x + x, canvas.y + y)
    await page.waitForTimeout(600)
    return ((await page.getByTestId('crosshair').textContent()) ?? '').split(',').map(Number)
  }
  const a = await click(60, 140)
  const b = await click(400, 420)
  const perX = (400 - 60) / (b[0] - a[0])
  const perY = (420 - 140) / (b[1] - a[1])
  expect(b[0] - a[0]).toBeGreaterThan(sizeX / 2)
  expect(b[1] - a[1]).toBeLessThan(-sizeY / 2) // y points up
  return {
    centre: [b[0], b[1], b[2]],
    map: (x, y) => [canvas.x + 60 + (x - a[0]) * perX, canvas.y + 140 + (y - a[1]) * perY],
  }
}

/** Up to 25 voxels of a slice whose neighbours all have one label, away from the lines of the crosshair. */
function uniformVoxels(
  { shapeZyx, voxels }: MaskVoxels,
  centre: readonly [number, number, number],
  wanted: (label: number) => boolean,
): [number, number][] {
  const [, sizeY, sizeX] = shapeZyx
  const at = (x: number, y: number) => voxels[(centre[2] * sizeY + y) * sizeX + x]
  const found: [number, number][] = []
  for (let y = 4; y < sizeY - 4; y++)
    for (let x = 4; x < sizeX - 4; x++) {
      if (Math.abs(x - centre[0]) < 4 || Math.abs(y - centre[1]) < 4 || !wanted(at(x, y))) continue
      const isUniform = [-2, -1, 0, 1, 2].every((dy) =>
        [-2, -1, 0, 1, 2].every((dx) => at(x + dx, y + dy) === at(x, y)),
      )
      if (isUniform) found.push([x, y])
    }
  const step = Math.max(1, Math.floor(found.length / 25))
  return found.filter((_, index) => index % step === 0).slice(0, 25)
}

/** The mask is drawn where its voxels are, and nowhere else. */
export async function expectMaskDrawn(desktop: DesktopApp, mask: MaskVoxels): Promise<void> {
  const { inside, outside } = await coloursOverLabels(desktop, mask)
  expect(inside.length).toBeGreaterThan(3)
  expect(outside.length).toBeGreaterThan(3)
  for (const colour of inside) expect(saturation(colour)).toBeGreaterThan(50)
  for (const colour of outside) expect(saturation(colour)).toBeLessThan(12)
}
