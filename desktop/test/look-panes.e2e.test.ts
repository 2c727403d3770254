import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'
import { pixelsAt, saturation } from './pixels.ts'
import { writeSmallMrc } from './small-mrc.ts'

/** 60 × 40 × 20 voxels (x, y, z) of 10 × 20 × 40 Å: each axis has its own size and its own length. */
const SHAPE = [60, 40, 20] as const
const VOXEL_NM = [1, 2, 4] as const

interface Box {
  x: number
  y: number
  width: number
  height: number
}

let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop()
  desktop.page.setDefaultTimeout(10_000)
  const file = path.join(desktop.folder, 'panes.mrc')
  writeSmallMrc(file, SHAPE, [10, 20, 40], (x) => x * 2)
  await openThroughDialog(desktop, file)
  await volumeShown(desktop, 'panes.mrc')
  await desktop.page.getByLabel('Black').last().fill('0')
  await desktop.page.getByLabel('White').last().fill('118')
  await desktop.page.keyboard.press('Enter')
})
afterAll(() => desktop?.close())

const settled = () => desktop.page.waitForTimeout(400)
const press = async (name: string) => {
  await desktop.page.getByRole('toolbar', { name: 'Panes' }).getByRole('button', { name, exact: true }).click()
  await settled()
}
async function canvas(): Promise<Box> {
  const box = await desktop.page.locator('canvas').boundingBox()
  if (!box) throw new Error('no picture')
  return box
}
async function zoomAt(x: number, y: number, steps: number): Promise<void> {
  await desktop.page.mouse.move(x, y)
  await desktop.page.keyboard.down('Control')
  for (let i = 0; i < Math.abs(steps); i++) await desktop.page.mouse.wheel(0, steps > 0 ? -120 : 120)
  await desktop.page.keyboard.up('Control')
  await settled()
}
async function drag(from: readonly [number, number], by: readonly [number, number]): Promise<void> {
  await desktop.page.mouse.move(...from)
  await desktop.page.mouse.down({ button: 'right' })
  await desktop.page.mouse.move(from[0] + by[0], from[1] + by[1], { steps: 4 })
  await desktop.page.mouse.up({ button: 'right' })
  await settled()
}
const crosshair = async () =>
  ((await desktop.page.getByTestId('crosshair').textContent()) ?? '').split(', ').map(Number)
async function barNmPerPx(kind: string): Promise<number> {
  const bar = desktop.page.getByTestId(`scale-bar-${kind}`)
  const [value, unit] = ((await bar.locator('xpath=..').textContent()) ?? '').trim().split(' ')
  return (Number(value) * (unit === 'µm' ? 1e3 : 1)) / ((await bar.boundingBox())?.width ?? 0)
}
/** The pane's own place on the screen: its tag stands in its left upper corner. */
async function paneBox(kind: string, next: { right?: string; below?: string }): Promise<Box> {
  const box = await canvas()
  const corner = async (name: string) => {
    const tag = await desktop.page
      .locator(`.pane-tag[data-pane="${name}"]`)
      .evaluate((element: HTMLElement) => [
        Number.parseFloat(element.style.left) / 100,
        Number.parseFloat(element.style.top) / 100,
      ])
    return [box.x + tag[0] * box.width, box.y + tag[1] * box.height]
  }
  const [x, y] = await corner(kind)
  const right = next.right ? (await corner(next.right))[0] : box.x + box.width
  const bottom = next.below ? (await corner(next.below))[1] : box.y + box.height
  return { x, y, width: right - x, height: bottom - y }
}

describe('one slice', () => {
  it('is zoomed about the pointer and moved, and what is clicked is the voxel that is seen there', async () => {
    await press('XZ')
    const box = await canvas()
    // The pane gives up a gap of 3 pixels at its right and lower edge.
    const [middleX, middleY] = [box.x + (box.width - 3) / 2, box.y + (box.height - 3) / 2]
    const pxPerNm = Math.min((box.width - 3) / 60, (box.height - 3) / 80)
    const pointer = [Math.round(middleX + 60), Math.round(middleY - 40)] as const
    await zoomAt(pointer[0], pointer[1], 9)
    const factor = 1.15 ** 9
    const by = [-130, 75] as const
    await drag([middleX, middleY], by)
    /** Where the middle of a voxel must be now, by hand. */
    const seenAt = (x: number, z: number): [number, number] => {
      const first = [middleX + (x + 0.5 - 30) * pxPerNm, middleY - (z + 0.5 - 10) * VOXEL_NM[2] * pxPerNm]
      return [0, 1].map((i) => pointer[i] + (first[i] - pointer[i]) * factor + by[i]) as [number, number]
    }
    for (const [x, z] of [
      [34, 9],
      [38, 12],
      [41, 10],
    ] as const) {
      const at = seenAt(x, z)
      await desktop.page.mouse.click(...at)
      await expect.poll(crosshair, { timeout: 10_000 }).toEqual([x, 20, z])
      await desktop.page.mouse.move(box.x + 5, box.y + box.height - 5)
      await settled()
      // Beside the crosshair's own lines.
      const [[r]] = await pixelsAt(desktop.page, [[at[0], at[1] + VOXEL_NM[2] * pxPerNm * factor * 0.3 + 4]])
      const beside = await pixelsAt(desktop.page, [[at[0] + 5, at[1] + 9]])
      expect(Math.abs(beside[0][0] - (x / 59) * 255)).toBeLessThan(6)
      expect(r).toBeGreaterThan(0)
    }
    expect(await desktop.page.getByTestId('zoom-xz').textContent()).toContain(`${factor.toFixed(2)}×`)
    expect(await barNmPerPx('xz')).toBeCloseTo(1 / (pxPerNm * factor), 2)
    await desktop.screenshot('78-one-slice-zoomed')
  })

  it('is measured and painted where the pointer is', async () => {
    const { page } = desktop
    const box = await canvas()
    const nmPerPx = await barNmPerPx('xz')
    const [x, y] = [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]
    await press('Distance')
    await page.mouse.click(x - 60, y - 80)
    await page.mouse.click(x + 60, y + 80)
    const panel = page.getByRole('region', { name: 'Measurements', exact: true })
    expect(Number.parseFloat((await panel.locator('output').first().textContent()) ?? '')).toBeCloseTo(200 * nmPerPx, 1)
    await panel.getByRole('button', { name: 'Clear' }).click()
    await press('Distance')
    await page.mouse.click(x, y)
    const [vx, , vz] = await crosshair()
    await page.getByRole('button', { name: 'Empty mask' }).click()
    await page
      .getByRole('radio', { name: /Brush/ })
      .or(page.getByRole('button', { name: /^Brush/ }))
      .first()
      .click()
    for (let i = 0; i < 20; i++) await page.keyboard.press('[')
    await page.mouse.click(x, y)
    await page.keyboard.press('v')
    await page.mouse.click(x + 40, y)
    await page.mouse.click(x, y)
    await expect.poll(crosshair, { timeout: 10_000 }).toEqual([vx, 20, vz])
    await page.getByTestId('voxel-label').waitFor()
    const painted = await pixelsAt(page, [[x + 3, y + 3]])
    expect(saturation(painted[0])).toBeGreaterThan(30)
    await desktop.screenshot('79-painted-while-zoomed')
  })
})

describe('all slices', () => {
  it('have each their own zoom, until one zoom is asked for', async () => {
    await press('All')
    await press('Reset')
    const xy = await paneBox('xy', { right: '3d', below: 'xz' })
    const before = { xy: await barNmPerPx('xy'), xz: await barNmPerPx('xz'), yz: await barNmPerPx('yz') }
    await zoomAt(xy.x + xy.width / 2, xy.y + xy.height / 2, 6)
    expect(await barNmPerPx('xy')).toBeCloseTo(before.xy / 1.15 ** 6, 2)
    expect(await barNmPerPx('xz')).toBeCloseTo(before.xz, 3)
    expect(await barNmPerPx('yz')).toBeCloseTo(before.yz, 3)
    await desktop.screenshot('80-own-zoom')
    await press('Same zoom')
    const same = await barNmPerPx('xy')
    expect(same).toBeCloseTo(before.xy / 1.15 ** 6, 2)
    expect(await barNmPerPx('xz')).toBeCloseTo(same, 2)
    expect(await barNmPerPx('yz')).toBeCloseTo(same, 2)
    // The crosshair is in the middle of the others: what is clicked there is where it was.
    const place = await crosshair()
    const yz = await paneBox('yz', {})
    await desktop.page.mouse.click(yz.x + (yz.width - 3) / 2, yz.y + (yz.height - 3) / 2)
    await settled()
    expect(await crosshair()).toEqual(place)
    await desktop.screenshot('81-same-zoom')
  })

  it('fill their panes when they are zoomed, and fit them after a reset', async () => {
    const xz = await paneBox('xz', { right: 'yz' })
    await zoomAt(xz.x + xz.width / 2, xz.y + xz.height / 2, 8)
    // Lit from edge to edge, where at first bands stay empty.
    const corners = [
      [xz.x + xz.width / 2 + 20, xz.y + 30],
      [xz.x + xz.width / 2 + 20, xz.y + xz.height - 60],
    ] as const
    for (const [r] of await pixelsAt(desktop.page, corners)) expect(r).toBeGreaterThan(40)
    await press('Reset')
    for (const kind of ['xy', 'xz', 'yz']) expect(await desktop.page.getByTestId(`zoom-${kind}`).count()).toBe(0)
  })

  it('are zoomed and moved with keys', async () => {
    const { page } = desktop
    await press('YZ')
    await page.locator('canvas').focus()
    for (let i = 0; i < 4; i++) await page.keyboard.press('+')
    await settled()
    expect(await page.getByTestId('zoom-yz').textContent()).toContain(`${(1.15 ** 4).toFixed(2)}×`)
    const box = await canvas()
    const at = [box.x + box.width / 2, box.y + box.height / 2] as const
    await page.mouse.click(...at)
    const before = await crosshair()
    for (let i = 0; i < 5; i++) await page.keyboard.press('Alt+ArrowRight')
    await settled()
    await page.mouse.click(at[0] + 120, at[1])
    await settled()
    expect(await crosshair()).toEqual(before)
  })

  it('are as they were when the file is opened again', async () => {
    const { page } = desktop
    await press('All')
    await press('Reset')
    const xz = await paneBox('xz', { right: 'yz' })
    await zoomAt(xz.x + xz.width / 3, xz.y + xz.height / 2, 5)
    // The view is kept once the hand rests.
    await page.waitForTimeout(1200)
    await openThroughDialog(desktop, path.join(desktop.folder, 'panes.mrc'))
    await volumeShown(desktop, 'panes.mrc')
    const zoom = page.getByTestId('zoom-xz').filter({ hasText: `${(1.15 ** 5).toFixed(2)}×` })
    await zoom.waitFor()
    expect(await page.getByTestId('zoom-xy').count()).toBe(0)
  })

  it('reported no error', () => expect(desktop.complaints).toEqual([]))
})
