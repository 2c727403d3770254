import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { openOmeZarr } from '../main/volume-service/ome-zarr.ts'
import { type DesktopApp, launchDesktop, ROOT, SAMPLE, volumeShown } from './desktop-app.ts'
import { exportMask, readMask, runModel } from './run-flow.ts'

let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop([SAMPLE])
  await volumeShown(desktop, 'sample.mrc')
})
afterAll(() => desktop?.close())

const out = (name: string) => path.join(desktop.folder, name)
const json = (...parts: string[]) => JSON.parse(readFileSync(path.join(...parts), 'utf8'))

/** Chooses from the list of further exports, and waits until the window says what was saved. */
async function take(option: string, file: string): Promise<void> {
  await desktop.saveTo(file)
  await desktop.page.getByLabel('More exports').selectOption({ label: option })
  await desktop.page
    .getByRole('status')
    .filter({ hasText: `Saved ${path.basename(file)}` })
    .waitFor()
  await desktop.page.getByRole('button', { name: 'Dismiss', exact: true }).first().click()
}

/** A picture of a page of HTML, as a person sees it who opens it. */
async function pictureOf(html: string): Promise<Buffer> {
  const png = await desktop.app.evaluate(async ({ BrowserWindow }, file) => {
    const window = new BrowserWindow({ width: 1040, height: 1300, show: true })
    await window.loadFile(file)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const picture = await window.webContents.capturePage()
    window.destroy()
    return picture.toPNG().toString('base64')
  }, html)
  return Buffer.from(png, 'base64')
}

describe('taking a result away', () => {
  it('saves the probability of a run, and what it was made of', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Use this computer' }).click()
    await page.getByTestId('connected').filter({ hasText: 'This computer' }).waitFor()
    await runModel(desktop, '40-take-away')
    await exportMask(desktop, 'Probability…', out('probability.mrc'))
    const [source, sample] = [await openVolumeFile(out('probability.mrc')), await openVolumeFile(SAMPLE)]
    expect(source.header.shapeZyx).toEqual(sample.header.shapeZyx)
    expect(source.header.affine).toEqual(sample.header.affine)
    const values = Array.from((await source.readSlab(0, source.header.shapeZyx[0])) as Float32Array)
    const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]
    expect(high).toBeGreaterThan(low)
    await source.close()
    await sample.close()
    expect(json(out('probability.mrc.provenance.json'))).toHaveProperty('model')
    await exportMask(desktop, 'MRC…', out('mask.mrc'))
    expect(existsSync(out('mask.mrc.provenance.json'))).toBe(true)
  })

  it('writes the mask as OME-Zarr labels, voxel for voxel', async () => {
    await desktop.page.getByRole('button', { name: 'Correct this mask' }).click()
    await desktop.page.getByRole('toolbar', { name: 'Tools' }).waitFor()
    await take('All labels: voxels (OME-Zarr)', out('mask.ome.zarr'))
    const mask = await readMask(out('mask.mrc'))
    const { source } = await openOmeZarr(out('mask.ome.zarr'))
    expect(source.header.shapeZyx).toEqual(mask.shapeZyx)
    expect(Array.from(await source.readSlab(0, mask.shapeZyx[0]), Number)).toEqual(Array.from(mask.voxels))
    const names = json(out('mask.ome.zarr'), '.zattrs')['image-label'].properties.map(
      (one: { name: string }) => one.name,
    )
    expect(names).toContain('membrane')
    expect(json(out('mask.ome.zarr.provenance.json'))).toMatchObject({ original: { kind: 'run' } })
  })

  it('does not replace a folder, and says so', async () => {
    const { page } = desktop
    await desktop.saveTo(out('mask.ome.zarr'))
    await page.getByLabel('More exports').selectOption({ label: 'All labels: voxels (OME-Zarr)' })
    await page.getByRole('alert').filter({ hasText: 'exists already' }).waitFor()
    await page.getByRole('button', { name: 'Dismiss', exact: true }).first().click()
  })

  it('writes a movie through the slices', async () => {
    await take('All labels: movie through the slices (GIF)', out('movie.gif'))
    const gif = readFileSync(out('movie.gif'))
    expect([gif.toString('latin1', 0, 6), gif.readUInt16LE(6), gif.readUInt16LE(8)]).toEqual(['GIF89a', 512, 427])
    expect(json(out('movie.gif.provenance.json'))).toMatchObject({ frames: 72, input: { filename: 'sample.mrc' } })
  })

  it('writes a report that shows the slices with the mask', async () => {
    await take('All labels: report with pictures (HTML)', out('report.html'))
    const html = readFileSync(out('report.html'), 'utf8')
    for (const text of ['Segmentation of sample.mrc', 'membrane', 'labels_sha256']) expect(html).toContain(text)
    expect([...html.matchAll(/data:image\/png;base64,/g)]).toHaveLength(3)
    expect(json(out('report.html.provenance.json'))).toMatchObject({ input: { filename: 'sample.mrc' } })
    writeFileSync(path.join(ROOT, 'test-out/screenshots/41-report.png'), await pictureOf(out('report.html')))
    expect(desktop.complaints).toEqual([])
  })
})
