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
