import type { Page } from 'playwright-core'

export type Rgb = [number, number, number]

/** Colours of the window's picture at points given in window pixels. */
export async function pixelsAt(page: Page, points: readonly (readonly [number, number])[]): Promise<Rgb[]> {
  const png = (await page.screenshot()).toString('base64')
  return page.evaluate(
    async ({ png, points }) => {
      const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0))
      const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
      const canvas = new OffscreenCanvas(picture.width, picture.height)
      const context = canvas.getContext('2d')
      context?.drawImage(picture, 0, 0)
      return points.map(([x, y]) => {
        const [r, g, b] = context?.getImageData(Math.round(x), Math.round(y), 1, 1).data ?? []
        return [r, g, b] as [number, number, number]
      })
    },
    { png, points },
  )
}

/** How far a colour is from grey, 0 to 255. */
export function saturation([r, g, b]: Rgb): number {
  return Math.max(r, g, b) - Math.min(r, g, b)
}

/** By how much the most different channel of any pixel of two pictures of one size differs, 0 to 255. */
export function largestDifference(page: Page, one: Buffer, other: Buffer): Promise<number> {
  return page.evaluate(
    async (pictures) => {
      const [a, b] = await Promise.all(
        pictures.map(async (base64) => {
          const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
          const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
          const context = new OffscreenCanvas(image.width, image.height).getContext('2d')
          if (!context) throw new Error('no canvas')
          context.drawImage(image, 0, 0)
          return context.getImageData(0, 0, image.width, image.height).data
        }),
      )
      if (a.length !== b.length) throw new Error('pictures of different sizes')
      return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)
    },
    [one, other].map((picture) => picture.toString('base64')),
  )
}
