import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { DesktopApp } from './desktop-app.ts'

/** A saved picture as a person's program reads it: grey of its pixels, rows from the top. */
export interface ReadPicture {
  width: number
  height: number
  /** Red, green, blue of each pixel. */
  rgb: Uint8Array
}

/** Reads a PNG file. */
export async function readPicture({ page }: DesktopApp, file: string): Promise<ReadPicture> {
  const read = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const canvas = new OffscreenCanvas(picture.width, picture.height)
    const context = canvas.getContext('2d')
    if (!context) throw new Error('no canvas')
    context.drawImage(picture, 0, 0)
    const { data } = context.getImageData(0, 0, picture.width, picture.height)
    let text = ''
    for (let at = 0; at < data.length; at += 4) text += String.fromCharCode(data[at], data[at + 1], data[at + 2])
    return { width: picture.width, height: picture.height, rgb: btoa(text) }
  }, readFileSync(file).toString('base64'))
  return { ...read, rgb: Buffer.from(read.rgb, 'base64') }
}

/** The longest run of one colour in any row of a picture's lower left corner. */
export function longestRun({ width, height, rgb }: ReadPicture, color: readonly [number, number, number]): number {
  let longest = 0
  for (let y = Math.floor(height / 2); y < height; y++) {
    let run = 0
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3
      run = color.every((value, c) => rgb[at + c] === value) ? run + 1 : 0
      longest = Math.max(longest, run)
    }
  }
  return longest
}

/** Texts of a PNG file, by keyword. */
export function pngTexts(file: string): Record<string, string> {
  const png = readFileSync(file)
  const texts: Record<string, string> = {}
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) !== 'iTXt') continue
    const body = png.subarray(at + 8, at + 8 + png.readUInt32BE(at))
    const end = body.indexOf(0)
    texts[body.toString('latin1', 0, end)] = body.toString('utf8', end + 5)
  }
  return texts
}

/** A movie as a `<video>` element plays it. */
export interface PlayedMovie {
  width: number
  height: number
  duration: number
  /** At each of the times that were asked for: mean grey of the picture's middle, and where its bright part lies, 0 to 1. */
  frames: { mean: number; brightX: number; png: string }[]
}

/** Opens a movie in a window of its own and looks at it at some times, seconds. */
export async function playMovie({ app, folder }: DesktopApp, file: string, times: number[]): Promise<PlayedMovie> {
  const page = path.join(folder, 'player.html')
  writeFileSync(page, '<!doctype html><video muted></video>')
  const type = file.endsWith('.mp4') ? 'video/mp4' : 'video/webm'
  const given = { page, type, times, base64: readFileSync(file).toString('base64') }
  return app.evaluate(async ({ BrowserWindow }, { page, ...given }) => {
    const window = new BrowserWindow({ width: 400, height: 300, show: true })
    await window.loadFile(page)
    const script = `(${async ({ type, times, base64 }: { type: string; times: number[]; base64: string }) => {
      const video = document.querySelector('video')
      if (!video) throw new Error('no player')
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
      const came = (name: string) =>
        new Promise((resolve, reject) => {
          video.addEventListener(name, resolve, { once: true })
          video.addEventListener('error', () => reject(new Error(video.error?.message)), { once: true })
        })
      const loaded = came('loadeddata')
      video.src = URL.createObjectURL(new Blob([bytes], { type }))
      await loaded
      const { videoWidth: width, videoHeight: height, duration } = video
      const canvas = document.createElement('canvas')
      ;[canvas.width, canvas.height] = [width, height]
      const context = canvas.getContext('2d', { willReadFrequently: true })
      if (!context) throw new Error('no canvas')
      const frames = []
      for (const time of times) {
        // Sought is before shown; a frame that is on show already is not told again.
        const shown = new Promise<void>((resolve) => video.requestVideoFrameCallback(() => resolve()))
        const sought = came('seeked')
        video.currentTime = time
        await sought
        await Promise.race([shown, new Promise((resolve) => setTimeout(resolve, 1_000))])
        context.drawImage(video, 0, 0)
        const { data } = context.getImageData(0, 0, width, height)
        let [sum, count, bright, brightX] = [0, 0, 0, 0]
        for (let y = Math.floor(height * 0.3); y < height * 0.7; y++)
          for (let x = Math.floor(width * 0.1); x < width * 0.9; x++) {
            const grey = data[(y * width + x) * 4]
            sum += grey
            count++
            if (grey > 170) {
              bright++
              brightX += x / width
            }
          }
        frames.push({ mean: sum / count, brightX: bright ? brightX / bright : -1, png: canvas.toDataURL().slice(22) })
      }
      return { width, height, duration, frames }
    }})(${JSON.stringify(given)})`
    try {
      return await window.webContents.executeJavaScript(script)
    } finally {
      window.destroy()
    }
  }, given)
}
