import type { Page } from 'playwright-core'

/** What a drawn frame shows in the XY slice. */
export interface DrawnFrame {
  /** Share of places over which a label lies. */
  coloured: number
  /** Share of places from which a line of the hatching goes on: blue, and not between it and the next lines. */
  hatched: number
}

/** The right and lower parts of the pane hold no scale bar and no crosshair in its middle. */
const GRID = { from: 0.08, to: 0.44, steps: 60 } as const

/**
 * Notes each frame that is drawn from now on, as the graphics card has it: a frame that is wrong for a moment is seen
 * too. All four panes are on show.
 */
export async function noteFrames(page: Page): Promise<void> {
  await page.evaluate(({ from, to, steps }) => {
    const noted = window as unknown as { frames: DrawnFrame[] }
    noted.frames = []
    const look = () => {
      const gl = document.querySelector('canvas')?.getContext('webgl2')
      if (!gl) return
      const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight]
      const [left, bottom] = [Math.floor(width * from), Math.floor(height * (1 - to))]
      const [w, h] = [Math.floor(width * (to - from)), Math.floor(height * (to - from))]
      const pixels = new Uint8Array(w * h * 4)
      gl.readPixels(left, bottom, w, h, gl.RGBA, gl.UNSIGNED_BYTE, pixels)
      const at = (x: number, y: number) => pixels.subarray((y * w + x) * 4, (y * w + x) * 4 + 3)
      const blueness = (x: number, y: number) => at(x, y)[2] - at(x, y)[0]
      let [coloured, hatched] = [0, 0]
      for (let i = 0; i < steps; i++)
        for (let j = 0; j < steps; j++) {
          const [x, y] = [10, 20].map((edge, k) => edge + Math.floor((([i, j][k] + 0.5) / steps) * [w - 60, h - 20][k]))
          const [r, g, b] = at(x, y)
          if (Math.max(r, g, b) - Math.min(r, g, b) > 50) coloured++
          // Pixels whose places along x and y sum up to a multiple of eighteen.
          const onLine = x + 17 - ((x + left + y + bottom + 17) % 18)
          const isLine = (dx: number, dy: number) =>
            [-9, 9].every((beside) => blueness(onLine + dx, y + dy) - blueness(onLine + dx + beside, y + dy) > 30)
          if ([0, 6, 12, 18].every((along) => isLine(along, -along))) hatched++
        }
      noted.frames.push({ coloured: coloured / steps ** 2, hatched: hatched / steps ** 2 })
    }
    const measure = performance.measure.bind(performance)
    performance.measure = ((name: string, ...rest: []) => {
      // Called right after a frame was drawn.
      if (name === 'graphics:draw') look()
      return measure(name, ...rest)
    }) as typeof performance.measure
  }, GRID)
}

export function notedFrames(page: Page): Promise<DrawnFrame[]> {
  return page.evaluate(() => (window as unknown as { frames: DrawnFrame[] }).frames)
}
