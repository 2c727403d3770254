import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, SAMPLE, volumeShown } from './desktop-app.ts'
import { type DrawnFrame, notedFrames, noteFrames } from './drawn-frames.ts'
import { countLabel, countsShown, expectMaskDrawn, exportMask, readMask, runModel } from './run-flow.ts'

let desktop: DesktopApp

beforeAll(async () => {
  desktop = await launchDesktop()
})
afterAll(() => desktop?.close())

describe('the first minutes on this computer', () => {
  it('opens the sample from the empty window', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Open the sample' }).waitFor()
    await desktop.screenshot('01-first-start')
    await page.getByRole('button', { name: 'Open the sample' }).click()
    await volumeShown(desktop, 'sample.mrc')
  })

  it('starts the engine on this computer', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Use this computer' }).click()
    await page.getByTestId('connected').filter({ hasText: 'This computer' }).waitFor()
  })

  it('runs the bundled model, shows previews and the mask', async () => {
    await noteFrames(desktop.page)
    await runModel(desktop, '09-local-run')
  })

  it('hatched what was not computed yet, and went from the last preview to the mask without a frame between', async () => {
    const frames = await notedFrames(desktop.page)
    const last = frames[frames.length - 1]
    const begun = frames.findIndex(({ hatched }) => hatched > 0.1)
    expect(begun).toBeGreaterThanOrEqual(0)
    expect(last.hatched).toBeLessThan(0.01)
    expect(last.coloured).toBeGreaterThan(0.02)
    const isCovered = ({ hatched, coloured }: DrawnFrame) => hatched > 0.02 || coloured > last.coloured / 4
    expect(frames.slice(begun).filter((frame) => !isCovered(frame))).toEqual([])
  })

  it('exports what it shows', async () => {
    const file = path.join(desktop.folder, 'local.mrc')
    await exportMask(desktop, 'MRC…', file)
    const mask = await readMask(file)
    expect([1, 2, 3].map((label) => countLabel(mask, label))).toEqual(await countsShown(desktop))
    await expectMaskDrawn(desktop, mask)
  })

  it('shows volume, mask and engine again after the window was loaded anew', async () => {
    const { page } = desktop
    await page.reload()
    await volumeShown(desktop, 'sample.mrc')
    await page.getByTestId('connected').filter({ hasText: 'This computer' }).waitFor()
    await page.locator('[data-testid=run][data-phase=completed]').waitFor()
    await page.getByRole('region', { name: 'Mask', exact: true }).waitFor()
    await expectMaskDrawn(desktop, await readMask(path.join(desktop.folder, 'local.mrc')))
  })

  it('is used again at the next start, once a volume is open, until the user leaves it', async () => {
    const { folder } = desktop
    await desktop.closeAndKeep()
    desktop = await launchDesktop([], folder)
    await desktop.page.getByRole('button', { name: 'Open the sample' }).waitFor()
    const engines = () =>
      desktop.app.evaluate(({ app }) => app.getAppMetrics().filter(({ name }) => name === 'CryoMamba engine').length)
    expect(await engines()).toBe(0)
    await desktop.page.getByRole('button', { name: 'Open the sample' }).click()
    await volumeShown(desktop, 'sample.mrc')
    await desktop.page.getByTestId('connected').filter({ hasText: 'This computer' }).waitFor()
    await desktop.page.getByRole('button', { name: /^Run( again)?$/ }).waitFor()
    await desktop.page.getByRole('button', { name: 'Change', exact: true }).click()
    await desktop.page.getByRole('button', { name: 'Use this computer' }).waitFor()
    await desktop.closeAndKeep()
    desktop = await launchDesktop([SAMPLE], folder)
    await volumeShown(desktop, 'sample.mrc')
    await desktop.page.waitForTimeout(1000)
    expect(await engines()).toBe(0)
  })

  it('reported no error and no violation of its policy', () => {
    expect(desktop.complaints).toEqual([])
  })
})
