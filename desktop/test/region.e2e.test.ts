import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JobList } from '../../shared/contract/jobs.ts'
import { type DesktopApp, launchDesktop, SAMPLE, volumeShown } from './desktop-app.ts'
import { connectTo, expectMaskDrawn, exportMask, type MaskVoxels, readMask } from './run-flow.ts'
import { type ServerProcess, startServer } from './server-process.ts'

let server: ServerProcess
let desktop: DesktopApp

beforeAll(async () => {
  server = await startServer()
  desktop = await launchDesktop([SAMPLE])
  await volumeShown(desktop, 'sample.mrc')
  await connectTo(desktop, server)
})
afterAll(async () => {
  await desktop?.close()
  await server?.stop()
})

const field = (name: string) => desktop.page.getByLabel(name, { exact: true })
const entered = async (name: string) => Number(await field(name).inputValue())
const ends = async (axis: string) => [await entered(`${axis} from`), await entered(`${axis} to`)]
const tiles = async () => Number(await desktop.page.getByTestId('estimate').getAttribute('data-tiles'))

async function boxOf(testId: string) {
  const box = await desktop.page.getByTestId(testId).boundingBox()
  if (!box) throw new Error(`no ${testId}`)
  return { ...box, x1: box.x + box.width, y1: box.y + box.height }
}

async function drag(from: [number, number], to: [number, number]): Promise<void> {
  const { mouse } = desktop.page
  await mouse.move(...from)
  await mouse.down()
  await mouse.move((from[0] + to[0]) / 2, (from[1] + to[1]) / 2)
  await mouse.move(...to)
  await mouse.up()
}

async function runToMask(name: string): Promise<MaskVoxels> {
  const { page } = desktop
  await page.getByRole('button', { name: /^Run( again)?$/ }).click()
  await page.locator('[data-testid=run]:not([data-phase=completed])').waitFor()
  await page.locator('[data-testid=run][data-phase=completed]').waitFor({ timeout: 240_000 })
  const file = path.join(desktop.folder, name)
  await exportMask(desktop, 'MRC…', file)
  return readMask(file)
}

describe('a region of interest', () => {
  let whole: MaskVoxels

  it('is drawn in one slice and goes through the volume across it', async () => {
    const { page } = desktop
    whole = await runToMask('whole.mrc')
    await page.getByText('Parameters').click()
    const before = await tiles()
    await page.getByRole('button', { name: 'Draw in a slice' }).click()
    const canvas = await page.locator('canvas').boundingBox()
    if (!canvas) throw new Error('no picture')
    const [from, to] = [
      [canvas.x + 120, canvas.y + 120],
      [canvas.x + 330, canvas.y + 360],
    ] as const
    await drag([...from], [...to])
    const box = await boxOf('region-xy')
    // Whole voxels, 2.5 pixels wide here.
    for (const [seen, wanted] of [
      [box.x, from[0]],
      [box.y, from[1]],
      [box.x1, to[0]],
      [box.y1, to[1]],
    ])
      expect(Math.abs(seen - wanted)).toBeLessThan(3)
    expect(await ends('z')).toEqual([0, 72])
    expect(await page.getByRole('button', { name: 'Draw again' }).getAttribute('aria-pressed')).toBe('false')
    await expect.poll(tiles).toBeLessThan(before)
  })

  it('is resized by its borders and corners in the other slices, and moved by its name', async () => {
    const top = await boxOf('region-xz-z1')
    const xz = await boxOf('region-xz')
    const centre = top.x + top.width / 2
    await drag([centre, top.y1 - 2], [centre, xz.y + xz.height * 0.25])
    const [zFrom, zTo] = await ends('z')
    expect(zFrom).toBe(0)
    expect(Math.abs(zTo - 54)).toBeLessThan(3)

    const before = { x: await ends('x'), y: await ends('y') }
    const corner = await boxOf('region-xy-x1y0')
    const [x, y] = [corner.x + corner.width / 2, corner.y + corner.height / 2]
    await drag([x, y], [x - 25, y - 25])
    const after = { x: await ends('x'), y: await ends('y') }
    expect([after.x[0], after.y[1]]).toEqual([before.x[0], before.y[1]])
    expect(before.x[1] - after.x[1]).toBe(after.y[0] - before.y[0])
    expect(before.x[1] - after.x[1]).toBe(10) // 25 pixels

    const name = await boxOf('region-xy-move')
    const at: [number, number] = [name.x + name.width / 2, name.y + name.height / 2]
    await drag(at, [at[0] + 25, at[1]])
    expect(await ends('x')).toEqual(after.x.map((end) => end + 10))
    expect(await ends('y')).toEqual(after.y)
    await desktop.screenshot('74-region')
  })

  it('takes numbers too, and its estimate follows', async () => {
    await field('z from').fill('12')
    await field('z from').press('Enter')
    await desktop.page.getByTestId('region-size').filter({ hasText: '% of the volume' }).waitFor()
    const box = await boxOf('region-xz')
    const handle = await boxOf('region-xz-z0')
    expect(Math.abs(handle.y + handle.height / 2 - box.y1)).toBeLessThan(1.5)
    for (const [end, value] of [
      ['x to', 150],
      ['x from', 20],
      ['y to', 140],
      ['y from', 20],
      ['z to', 60],
    ] as const) {
      await field(end).fill(String(value))
      await field(end).press('Enter')
    }
    expect([await ends('z'), await ends('y'), await ends('x')]).toEqual([
      [12, 60],
      [20, 140],
      [20, 150],
    ])
  })

  it('is what the run segments, and its mask lies in the right place of the whole volume', async () => {
    const mask = await runToMask('region.mrc')
    const reply = await fetch(`${server.url}/v1/jobs`, { headers: { authorization: `Bearer ${server.token}` } })
    const { jobs } = (await reply.json()) as JobList
    const roi = [
      [12, 60],
      [20, 140],
      [20, 150],
    ] as const
    expect(jobs[0].params.roi_zyx).toEqual(roi)
    expect(mask.shapeZyx).toEqual([72, 160, 192])
    expect(numBeyond(mask, roi)).toBe(0)
    // The model sees less around a region; a mask that lay one voxel beside would agree far less than this one.
    const here = agreement(mask, whole, [0, 0, 0])
    expect(here).toBeGreaterThan(0.7)
    for (const axis of [0, 1, 2])
      for (const by of [-1, 1]) expect(agreement(mask, whole, [0, 0, 0].with(axis, by))).toBeLessThan(here - 0.02)
    await desktop.screenshot('75-region-mask')
  })

  it('goes away with the whole volume, and its mask is drawn where its voxels are', async () => {
    await desktop.page.getByRole('button', { name: 'Whole volume' }).click()
    expect(await desktop.page.getByTestId('region-xy').count()).toBe(0)
    await expectMaskDrawn(desktop, await readMask(path.join(desktop.folder, 'region.mrc')))
    expect(desktop.complaints).toEqual([])
  })
})

type Range = readonly [number, number]

/** Labelled voxels that are not in a region. */
function numBeyond({ shapeZyx, voxels }: MaskVoxels, [rz, ry, rx]: readonly [Range, Range, Range]): number {
  const [nz, ny, nx] = shapeZyx
  const isIn = (i: number, [from, to]: Range) => i >= from && i < to
  let found = 0
  for (let z = 0, i = 0; z < nz; z++)
    for (let y = 0; y < ny; y++)
      for (let x = 0; x < nx; x++, i++) if (voxels[i] > 0 && !(isIn(z, rz) && isIn(y, ry) && isIn(x, rx))) found++
  return found
}

/** Overlap of what is labelled well inside the region of the test, with the first mask moved; 0 to 1. */
function agreement(mask: MaskVoxels, whole: MaskVoxels, [dz, dy, dx]: readonly number[]): number {
  const [, ny, nx] = mask.shapeZyx
  let [both, either] = [0, 0]
  for (let z = 16; z < 56; z++)
    for (let y = 24; y < 136; y++)
      for (let x = 24; x < 146; x++) {
        const one = mask.voxels[((z + dz) * ny + y + dy) * nx + x + dx] > 0
        const other = whole.voxels[(z * ny + y) * nx + x] > 0
        if (one || other) either++
        if (one && other) both++
      }
  return both / either
}
