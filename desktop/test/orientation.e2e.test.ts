import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasSharedData, SHARED_DATA } from '../../build/test-support/shared-data.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { toFloat32 } from '../../shared/volume/voxel-values.ts'
import { type DesktopApp, launchDesktop, openThroughDialog, volumeShown } from './desktop-app.ts'
import { pixelsAt } from './pixels.ts'

interface Entry {
  file: string
  reference: { axcodes: [string, string, string] }
}

const FORMATS = path.join(SHARED_DATA, 'formats')
const entries: Entry[] = hasSharedData
  ? JSON.parse(readFileSync(path.join(FORMATS, 'manifest.json'), 'utf8')).entries.filter((entry: { file?: string }) =>
      entry.file?.includes('niftispace__'),
    )
  : []

let desktop: DesktopApp
let wanted: Float32Array
let sizeRas: [number, number, number]

/** Brightness on an even raster over the slices, the crosshair and the tags left out. */
async function raster(): Promise<number[]> {
  const box = await desktop.page.locator('canvas').boundingBox()
  if (!box) throw new Error('no picture')
  const points: [number, number][] = []
  for (let row = 1; row < 24; row++)
    for (let column = 1; column < 24; column++)
      points.push([box.x + (box.width * column) / 24 + 3, box.y + (box.height * row) / 24 + 3])
  return (await pixelsAt(desktop.page, points)).map(([r]) => r)
}

/** The voxels of one file by right, anterior, superior, from the reference's own words for its axes. */
async function voxelsByRas({ file, reference }: Entry) {
  const source = await openVolumeFile(path.join(FORMATS, file))
  const { shapeZyx, dtype, scaling } = source.header
  const values = toFloat32(await source.readSlab(0, shapeZyx[0]), dtype, scaling)
  await source.close()
  const sizeIjk = [shapeZyx[2], shapeZyx[1], shapeZyx[0]]
  const axisOf = ['RL', 'AP', 'SI'].map((pair) => reference.axcodes.findIndex((code) => pair.includes(code)))
  const size = axisOf.map((axis) => sizeIjk[axis]) as [number, number, number]
  const ras = new Float32Array(values.length)
  for (let s = 0, to = 0; s < size[2]; s++)
    for (let a = 0; a < size[1]; a++)
      for (let r = 0; r < size[0]; r++, to++) {
        const ijk = [0, 0, 0]
        for (const [world, at] of [r, a, s].entries()) {
          const isWith = 'RAS'.includes(reference.axcodes[axisOf[world]])
          ijk[axisOf[world]] = isWith ? at : size[world] - 1 - at
        }
        ras[to] = values[(ijk[2] * sizeIjk[1] + ijk[1]) * sizeIjk[0] + ijk[0]]
      }
  return { ras, size }
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [ma, mb] = [mean(a), mean(b)]
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb)
    aa += (a[i] - ma) ** 2
    bb += (b[i] - mb) ** 2
  }
  return ab / Math.sqrt(aa * bb)
}

/** Brightness at voxels of the middle slice that one pane shows alone, and what the file says there. */
async function slicePairs(across: 0 | 1 | 2): Promise<{ shown: number[]; inFile: number[] }> {
  const box = await desktop.page.locator('canvas').boundingBox()
  if (!box) throw new Error('no picture')
  const [u, v] = [0, 1, 2].filter((axis) => axis !== across)
  const perVoxel = Math.min(box.width / sizeRas[u], box.height / sizeRas[v])
  const points: [number, number][] = []
  const inFile: number[] = []
  for (let i = 3; i < 27; i++)
    for (let j = 3; j < 27; j++) {
      const at = sizeRas.map((size) => Math.floor(size / 2))
      const [du, dv] = [Math.floor((i * sizeRas[u]) / 30), Math.floor((j * sizeRas[v]) / 30)]
      // The crosshair lies over the middle row and column.
      if (Math.abs(du - at[u]) < 3 || Math.abs(dv - at[v]) < 3) continue
      at[u] = du
      at[v] = dv
      inFile.push(wanted[(at[2] * sizeRas[1] + at[1]) * sizeRas[0] + at[0]])
      const px = box.x + box.width / 2 + (du + 0.5 - sizeRas[u] / 2) * perVoxel
      points.push([px, box.y + box.height / 2 - (dv + 0.5 - sizeRas[v] / 2) * perVoxel])
    }
  return { shown: (await pixelsAt(desktop.page, points)).map(([r]) => r), inFile }
}

async function open(entry: Entry): Promise<void> {
  await openThroughDialog(desktop, path.join(FORMATS, entry.file))
  await volumeShown(desktop, path.basename(entry.file))
  await desktop.page.waitForTimeout(400)
}

describe.skipIf(!hasSharedData)('a brain stored in many axis orders', () => {
  beforeAll(async () => {
    desktop = await launchDesktop()
    const { ras, size } = await voxelsByRas(entries[0])
    wanted = ras
    sizeRas = size
  })
  afterAll(() => desktop?.close())

  it('lies as its world axes say in each of the three slices', async () => {
    await open(entries[0])
    await desktop.screenshot('30-world-orientation')
    for (const [name, across] of [
      ['XY', 2],
      ['XZ', 1],
      ['YZ', 0],
    ] as const) {
      await desktop.page.getByRole('button', { name, exact: true }).click()
      await desktop.page.waitForTimeout(400)
      const { shown, inFile } = await slicePairs(across)
      expect(correlation(shown, inFile)).toBeGreaterThan(0.97)
    }
    await desktop.page.getByRole('button', { name: 'All', exact: true }).click()
  })

  it('is the same picture for each of them', async () => {
    await open(entries[0])
    const first = await raster()
    expect(new Set(first).size).toBeGreaterThan(20)
    for (const entry of entries.slice(1)) {
      await open(entry)
      const other = await raster()
      const differing = other.filter((grey, i) => Math.abs(grey - first[i]) > 6).length
      expect.soft(differing, entry.file).toBeLessThanOrEqual(other.length * 0.01)
    }
  })

  it('has the value of the file under the crosshair', async () => {
    const shown = Number(await desktop.page.getByTestId('voxel-value').getAttribute('data-value'))
    const at = sizeRas.map((size) => Math.floor(size / 2))
    expect(shown).toBeCloseTo(wanted[(at[2] * sizeRas[1] + at[1]) * sizeRas[0] + at[0]], 4)
  })
})
