import type { MeasureLine } from './measure-lines.ts'
import type { Box } from './picture-size.ts'
import type { ScaleMark } from './scale-marks.ts'

/** As on the screen, in its pixels. */
const BAR_PX = 4
const FONT_PX = 12
const LINE_PX = 2
const MEASURE_COLOR = '#ffd166'

/** The picture as it is saved: the part of what was drawn, with scale bars over it. One canvas for all frames. */
export class Composer {
  readonly canvas: OffscreenCanvas
  private readonly box: Box
  private readonly pixelScale: number
  private readonly context: OffscreenCanvasRenderingContext2D

  constructor(box: Box, pixelScale: number) {
    this.box = box
    this.pixelScale = pixelScale
    this.canvas = new OffscreenCanvas(box.width, box.height)
    const context = this.canvas.getContext('2d', { alpha: false, willReadFrequently: true })
    if (!context) throw new Error('no 2D canvas')
    this.context = context
  }

  compose(drawn: HTMLCanvasElement, marks: readonly ScaleMark[], lines: readonly MeasureLine[]): void {
    const { left, top, width, height } = this.box
    this.context.drawImage(drawn, left, top, width, height, 0, 0, width, height)
    for (const line of lines) this.drawLine(line)
    for (const mark of marks) this.drawMark(mark)
  }

  pixels(): Uint8ClampedArray {
    return this.context.getImageData(0, 0, this.box.width, this.box.height).data
  }

  async png(): Promise<Uint8Array> {
    const file = await this.canvas.convertToBlob({ type: 'image/png' })
    return new Uint8Array(await file.arrayBuffer())
  }

  private drawMark({ left, top, lengthPx, text }: ScaleMark): void {
    const { context } = this
    const line = Math.max(1, Math.round(this.pixelScale))
    const thick = Math.round(BAR_PX * this.pixelScale)
    context.fillStyle = '#000'
    context.fillRect(left - line, top - line, lengthPx + 2 * line, thick + 2 * line)
    context.fillStyle = '#fff'
    context.fillRect(left, top, lengthPx, thick)
    this.prepareText('center')
    const half = context.measureText(text).width / 2
    // A text longer than its bar stays in the picture.
    const middle = Math.max(left + lengthPx / 2, half + 2 * this.pixelScale)
    const base = top - 6 * this.pixelScale
    this.drawText(text, middle, base)
  }

  private drawLine({ points, clip, textAt, text }: MeasureLine): void {
    const { context, pixelScale } = this
    context.save()
    context.beginPath()
    context.rect(clip.left, clip.top, clip.width, clip.height)
    context.clip()
    context.beginPath()
    for (const [x, y] of points) context.lineTo(x, y)
    context.strokeStyle = MEASURE_COLOR
    context.lineWidth = LINE_PX * pixelScale
    context.stroke()
    context.fillStyle = MEASURE_COLOR
    this.prepareText('left')
    this.drawText(text, textAt[0] + 8 * pixelScale, textAt[1] - 8 * pixelScale)
    context.restore()
  }

  private prepareText(align: CanvasTextAlign): void {
    const { context, pixelScale } = this
    context.font = `${Math.round(FONT_PX * pixelScale)}px system-ui, sans-serif`
    context.textAlign = align
    context.textBaseline = 'alphabetic'
  }

  /** With a dark rim, so that it can be read on anything. */
  private drawText(text: string, x: number, y: number): void {
    const { context } = this
    context.lineJoin = 'round'
    context.lineWidth = 3 * this.pixelScale
    context.strokeStyle = '#000'
    context.strokeText(text, x, y)
    context.fillText(text, x, y)
  }
}
