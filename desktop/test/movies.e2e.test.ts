import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, openThroughDialog, ROOT, SAMPLE, volumeShown } from './desktop-app.ts'
import { largestDifference } from './pixels.ts'
import { playMovie } from './saved-pictures.ts'
import { writeSmallMrc } from './small-mrc.ts'
import { turnedNifti } from './turned-nifti.ts'

let desktop: DesktopApp
let hasEnded = false

beforeAll(async () => {
  desktop = await launchDesktop()
  desktop.page.setDefaultTimeout(30_000)
  // Each slice along z is brighter than the one before; a bright block on one side, for 3D. 1 nm a voxel.
  const file = path.join(desktop.folder, 'steps.mrc')
  writeSmallMrc(file, [48, 36, 20], [10, 10, 10], (x, y, z) =>
    x > 38 && y > 12 && y < 24 ? 250 : x < 2 && y < 2 ? 0 : z * 8,
  )
  await openThroughDialog(desktop, file)
  await volumeShown(desktop, 'steps.mrc')
  await setWindow('0', '250')
})
afterAll(() => (hasEnded ? undefined : desktop?.close()))

const out = (name: string) => path.join(desktop.folder, name)
const sheet = () => desktop.page.getByRole('dialog', { name: 'Save movie' })
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'))

async function setWindow(low: string, high: string): Promise<void> {
  await desktop.page.getByLabel('Black').last().fill(low)
  await desktop.page.getByLabel('White').last().fill(high)
  await desktop.page.keyboard.press('Enter')
}

async function openSheet(shows: string): Promise<void> {
  await desktop.app.evaluate(({ Menu }) => Menu.getApplicationMenu()?.getMenuItemById('movie')?.click())
  await sheet().getByLabel('Shows').selectOption({ label: shows })
}

async function closeSheet(): Promise<void> {
  await desktop.page.keyboard.press('Escape')
  // A dialog that is closed is there until the page knows of it.
  await desktop.page.locator('dialog.sheet').waitFor({ state: 'detached' })
}

/** Chooses where to, and waits until the movie is there. */
async function save(name: string): Promise<void> {
  await desktop.saveTo(out(name))
  await sheet().getByRole('button', { name: 'Save movie…' }).click()
  await desktop.page
    .getByRole('status')
    .filter({ hasText: `Saved ${name}` })
    .waitFor()
  await desktop.page.getByRole('button', { name: 'Dismiss', exact: true }).first().click()
  expect(readdirSync(desktop.folder).filter((one) => one.endsWith('.partial'))).toEqual([])
}

const XY = 'XY slices, one after the other'

describe('a movie of slices', () => {
  for (const format of ['webm', 'mp4'] as const)
    it(`shows each slice at its time, as ${format}`, async () => {
      await openSheet(XY)
      await sheet().getByLabel('Frames per second').fill('5')
      await sheet().getByLabel('To slice').fill('18')
      await sheet().getByLabel('Step').fill('2')
      expect(await sheet().getByTestId('movie-length').textContent()).toBe('10 frames, 2 s')
      const formats = await sheet().getByLabel('Format').locator('option').allTextContents()
      // An encoder for H.264 is not part of every build of Chromium.
      if (format === 'mp4' && !formats.includes('MP4 (H.264)')) return closeSheet()
      await sheet().getByLabel('Format').selectOption(format)
      await desktop.screenshot(`84-movie-${format}`)
      await save(`slices.${format}`)
      const facts = json(out(`slices.${format}.provenance.json`))
      expect(facts).toMatchObject({ input: { filename: 'steps.mrc' }, picture: { kind: 'slices', frames: 10 } })
      expect(facts.picture.slices).toEqual({ file_axis: 'z', first: 0, last: 18, step: 2 })
      const times = Array.from({ length: 10 }, (_, frame) => frame / 5 + 0.1)
      const movie = await playMovie(desktop, out(`slices.${format}`), times)
      expect([movie.width, movie.height]).toEqual([facts.picture.width_px, facts.picture.height_px])
      expect(movie.duration).toBeCloseTo(2, 1)
      // Margins are left out: the picture has the shape of the slice, of whole pixels inside it.
      expect(Math.abs(movie.width / movie.height / (48 / 36) - 1)).toBeLessThan(0.02)
      // Slice z is 8 z of 250.
      for (const [frame, { mean }] of movie.frames.entries()) {
        if (frame > 0) expect(mean).toBeGreaterThan(movie.frames[frame - 1].mean + 5)
      }
      writeFileSync(path.join(ROOT, `test-out/screenshots/85-frame-${format}.png`), movie.frames[5].png, 'base64')
      await openSheet(XY)
      await sheet().getByLabel('Step').fill('1')
      await closeSheet()
    })

  it('shows every slice at full resolution where the picture is coarser', async () => {
    const { page } = desktop
    const file = out('stripes.mrc')
    // Every other slice is bright: at half the resolution all are the same grey.
    writeSmallMrc(file, [176, 160, 80], [10, 10, 10], (x, _y, z) => (x < 8 ? 0 : x < 16 ? 250 : z % 2 === 0 ? 40 : 200))
    await page.getByLabel('Level on show').selectOption({ label: '2 M voxels' })
    await openThroughDialog(desktop, file)
    await volumeShown(desktop, 'stripes.mrc')
    await setWindow('0', '250')
    await openSheet(XY)
    await sheet().getByLabel('From slice').fill('40')
    await sheet().getByLabel('To slice').fill('35')
    await sheet().getByLabel('Format').selectOption('webm')
    await save('stripes.webm')
    expect(json(out('stripes.webm.provenance.json')).picture.level_bin).toBe(2)
    const { frames } = await playMovie(
      desktop,
      out('stripes.webm'),
      [0, 1, 2, 3, 4, 5].map((frame) => frame / 5 + 0.1),
    )
    for (const [frame, { mean }] of frames.entries()) {
      if (frame % 2 === 0) expect(mean).toBeLessThan(80)
      else expect(mean).toBeGreaterThan(150)
    }
    // The slices of the window are at full resolution again.
    await page.getByTestId('resolution-xy').filter({ hasText: 'full resolution' }).waitFor()
    await page.getByLabel('Level on show').selectOption({ label: 'Automatic' })
    await openThroughDialog(desktop, out('steps.mrc'))
    await volumeShown(desktop, 'steps.mrc')
    await setWindow('0', '250')
  })

  it('follows the axes of the file where they are turned on the screen', async () => {
    const file = out('turned.nii')
    // The file's x runs downwards: its slices are what the axial pane shows, from below.
    writeFileSync(
      file,
      turnedNifti([20, 44, 60], (x, y, z) => (y < 3 ? 0 : z < 3 ? 250 : 20 + x * 10)),
    )
    await openThroughDialog(desktop, file)
    await volumeShown(desktop, 'turned.nii')
    await setWindow('0', '250')
    // Three planes together are read from the file for each frame.
    await desktop.page.getByLabel('Planes together').selectOption('3')
    await openSheet(XY)
    await sheet().getByLabel('Format').selectOption('webm')
    expect(await sheet().getByTestId('movie-length').textContent()).toMatch(/^20 frames/)
    await save('turned.webm')
    const { slices } = json(out('turned.webm.provenance.json')).picture
    expect(slices).toEqual({ file_axis: 'x', first: 0, last: 19, step: 1 })
    const times = [1, 6, 11, 17].map((frame) => (frame + 0.5) / 5)
    const { frames } = await playMovie(desktop, out('turned.webm'), times)
    for (let at = 1; at < frames.length; at++) expect(frames[at].mean).toBeGreaterThan(frames[at - 1].mean + 20)
    await desktop.page.getByLabel('Planes together').selectOption('1')
    await openThroughDialog(desktop, out('steps.mrc'))
    await volumeShown(desktop, 'steps.mrc')
    await setWindow('0', '250')
  })

  it('is a GIF too', async () => {
    await openSheet(XY)
    await sheet().getByLabel('Format').selectOption('gif')
    await save('slices.gif')
    const gif = readFileSync(out('slices.gif'))
    const { picture } = json(out('slices.gif.provenance.json'))
    expect(gif.toString('latin1', 0, 6)).toBe('GIF89a')
    expect([gif.readUInt16LE(6), gif.readUInt16LE(8)]).toEqual([picture.width_px, picture.height_px])
    const movie = await readGif('slices.gif')
    expect(movie.numFrames).toBe(20)
    for (let frame = 1; frame < 20; frame++) expect(movie.greys[frame]).toBeGreaterThan(movie.greys[frame - 1])
  })
})

/** Grey in the middle of each frame, as Chromium decodes them. */
function readGif(name: string): Promise<{ numFrames: number; greys: number[] }> {
  return desktop.page.evaluate(
    async (base64) => {
      const data = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
      const decoder = new ImageDecoder({ data, type: 'image/gif' })
      await decoder.tracks.ready
      await decoder.completed
      const numFrames = decoder.tracks.selectedTrack?.frameCount ?? 0
      const greys: number[] = []
      for (let frameIndex = 0; frameIndex < numFrames; frameIndex++) {
        const { image } = await decoder.decode({ frameIndex })
        const canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight)
        const context = canvas.getContext('2d')
        context?.drawImage(image, 0, 0)
        greys.push(context?.getImageData(canvas.width >> 1, canvas.height >> 2, 1, 1).data[0] ?? -1)
        image.close()
      }
      return { numFrames, greys }
    },
    readFileSync(out(name)).toString('base64'),
  )
}

describe('a movie whose planes cannot be read', () => {
  /** Slabs are read from the file for each frame. */
  async function openSlabs(name: string): Promise<string> {
    const file = out(name)
    copyFileSync(out('steps.mrc'), file)
    await openThroughDialog(desktop, file)
    await volumeShown(desktop, name)
    await desktop.page.getByLabel('Planes together').selectOption('3')
    await openSheet(XY)
    await desktop.saveTo(out(`${name}.webm`))
    return file
  }

  const alert = (text: RegExp) => desktop.page.getByRole('alert').filter({ hasText: text })

  async function nothingIsLeft(name: string): Promise<void> {
    await sheet().waitFor({ state: 'detached' })
    const left = () => readdirSync(desktop.folder).filter((one) => one.startsWith(`${name}.webm`))
    await expect.poll(left).toEqual([])
    const buttons = desktop.page.getByRole('button', { name: 'Dismiss', exact: true })
    while ((await buttons.count()) > 0) await buttons.first().click()
  }

  it('ends with the reason where the file was cut off', async () => {
    const file = await openSlabs('cut.mrc')
    truncateSync(file, 3000)
    await sheet().getByRole('button', { name: 'Save movie…' }).click()
    // That the file is another one now, and why the movie ended.
    await expect.poll(() => alert(/cut\.mrc/).count()).toBe(2)
    await nothingIsLeft('cut.mrc')
  })

  it('ends when the reader of volumes stops, and the volume comes back', async () => {
    const { app, page } = desktop
    await openSlabs('stopped.mrc')
    const pid = await app.evaluate(
      ({ app: program }) => program.getAppMetrics().find(({ name }) => name === 'CryoMamba volumes')?.pid ?? 0,
    )
    process.kill(pid, 'SIGSTOP')
    await sheet().getByRole('button', { name: 'Save movie…' }).click()
    await sheet().getByTestId('movie-progress').waitFor()
    process.kill(pid, 'SIGKILL')
    await alert(/reads volumes stopped/).waitFor()
    await desktop.screenshot('87-reader-stopped')
    await sheet().waitFor({ state: 'detached' })
    await volumeShown(desktop, 'stopped.mrc')
    const buttons = page.getByRole('button', { name: 'Dismiss', exact: true })
    while ((await buttons.count()) > 0) await buttons.first().click()
    expect(readdirSync(desktop.folder).filter((one) => one.startsWith('stopped.mrc.webm'))).toEqual([])
    await page.getByLabel('Planes together').selectOption('1')
    await openThroughDialog(desktop, out('steps.mrc'))
    await volumeShown(desktop, 'steps.mrc')
  })
})

describe('a movie of the turning 3D view', () => {
  it('shows the volume from all sides, and leaves the view as it was', async () => {
    const shown = await desktop.page.locator('canvas').screenshot()
    await openSheet('3D view, turning')
    await sheet().getByLabel('Frames', { exact: true }).fill('8')
    await sheet().getByLabel('Format').selectOption('webm')
    await desktop.screenshot('86-movie-rotation')
    await save('turn.webm')
    expect(json(out('turn.webm.provenance.json')).picture).toMatchObject({ kind: 'rotation', frames: 8, turns: 1 })
    const movie = await playMovie(
      desktop,
      out('turn.webm'),
      Array.from({ length: 8 }, (_, frame) => (frame + 0.5) / 5),
    )
    expect(movie.duration).toBeCloseTo(8 / 5, 1)
    // The block goes round: after half a turn it is on the other side.
    const places = movie.frames.map(({ brightX }) => brightX)
    expect(Math.max(...places) - Math.min(...places.filter((place) => place >= 0))).toBeGreaterThan(0.2)
    for (const frame of [0, 1, 2, 3]) expect(Math.abs(places[frame] + places[frame + 4] - 1)).toBeLessThan(0.1)
    writeFileSync(path.join(ROOT, 'test-out/screenshots/87-frame-rotation.png'), movie.frames[2].png, 'base64')
    await desktop.page.mouse.move(5, 5)
    await desktop.page.waitForTimeout(300)
    // The same to a shade: the browser blends its texts over the canvas anew.
    expect(
      await largestDifference(desktop.page, shown, await desktop.page.locator('canvas').screenshot()),
    ).toBeLessThan(3)
  })

  it('leaves nothing when it is canceled, and another one can follow', async () => {
    await openSheet('3D view, turning')
    await sheet().getByLabel('Frames', { exact: true }).fill('3000')
    await desktop.saveTo(out('long.webm'))
    await sheet().getByRole('button', { name: 'Save movie…' }).click()
    await sheet()
      .getByTestId('movie-progress')
      .filter({ hasText: /^[1-9]\d* of 3000 frames/ })
      .waitFor()
    await desktop.screenshot('88-movie-progress')
    expect(existsSync(`${out('long.webm')}.partial`)).toBe(true)
    await sheet().getByRole('button', { name: 'Cancel' }).click()
    await sheet().getByLabel('Frames', { exact: true }).waitFor()
    expect(readdirSync(desktop.folder).filter((name) => name.startsWith('long'))).toEqual([])
    await sheet().getByLabel('Frames', { exact: true }).fill('2')
    await save('short.webm')
    expect(existsSync(out('short.webm'))).toBe(true)
  })

  it('says why it cannot be written', async () => {
    await openSheet('3D view, turning')
    await sheet().getByLabel('Frames', { exact: true }).fill('2')
    await desktop.saveTo(path.join(desktop.folder, 'no-such-folder', 'movie.webm'))
    await sheet().getByRole('button', { name: 'Save movie…' }).click()
    await desktop.page.getByRole('alert').filter({ hasText: 'movie.webm' }).waitFor()
    await sheet().waitFor({ state: 'detached' })
    await desktop.page.getByRole('button', { name: 'Dismiss', exact: true }).first().click()
  })

  it('leaves nothing when the window goes, and nothing was complained about', async () => {
    await openSheet('3D view, turning')
    await sheet().getByLabel('Frames', { exact: true }).fill('3000')
    await desktop.saveTo(out('gone.webm'))
    await sheet().getByRole('button', { name: 'Save movie…' }).click()
    await sheet()
      .getByTestId('movie-progress')
      .filter({ hasText: /^[1-9]\d* of/ })
      .waitFor()
    await desktop.page.reload()
    await volumeShown(desktop, 'steps.mrc')
    expect(readdirSync(desktop.folder).filter((name) => name.startsWith('gone'))).toEqual([])
    expect(desktop.complaints).toEqual([])
  })
})

it('leaves nothing when the program is closed', async () => {
  await desktop.close()
  desktop = await launchDesktop([SAMPLE])
  await volumeShown(desktop, 'sample.mrc')
  await openSheet('3D view, turning')
  await sheet().getByLabel('Frames', { exact: true }).fill('3000')
  await desktop.saveTo(out('closed.webm'))
  await sheet().getByRole('button', { name: 'Save movie…' }).click()
  await sheet()
    .getByTestId('movie-progress')
    .filter({ hasText: /^[1-9]\d* of/ })
    .waitFor()
  const { folder } = desktop
  await desktop.closeAndKeep()
  expect(readdirSync(folder).filter((name) => name.startsWith('closed'))).toEqual([])
  rmSync(folder, { recursive: true, force: true })
  hasEnded = true
})
