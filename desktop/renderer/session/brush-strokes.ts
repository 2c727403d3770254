import type { MaskOperation } from '../../../shared/contract/mask-edit.ts'

type Place = [number, number, number]
type Brush = Extract<MaskOperation, { kind: 'brush' }>

/** How a stroke is drawn: as it was chosen when the stroke began. */
export type StrokeLook = Pick<Brush, 'label' | 'shape' | 'axis' | 'radius_vox' | 'over'>

interface Stroke {
  id: string
  look: StrokeLook
  /** Not sent yet. */
  waiting: Place[]
  /** The end of what was sent, from which the next part goes on. */
  last: Place | null
}

// The service takes at most 1000 places at once; one of them is where the part before ended.
const MOST_PLACES = 999

/**
 * Strokes on their way to the mask, in the order in which they were drawn. What came of one stroke since the last answer
 * goes out together; the next one waits until the one before is whole.
 */
export class BrushStrokes {
  private readonly apply: (operation: Brush) => Promise<void>
  private readonly strokes: Stroke[] = []
  private isDrawing = false
  private sending: Promise<void> | null = null

  /** @param apply fails never: its failures are told elsewhere */
  constructor(apply: (operation: Brush) => Promise<void>) {
    this.apply = apply
  }

  begin(look: StrokeLook, place: Place): void {
    this.strokes.push({ id: crypto.randomUUID(), look, waiting: [place], last: null })
    this.isDrawing = true
    this.send()
  }

  /** The stroke goes on. A tool that was changed while the button was held has begun none. */
  extend(place: Place): void {
    if (!this.isDrawing) return
    this.strokes.at(-1)?.waiting.push(place)
    this.send()
  }

  end(): void {
    this.isDrawing = false
  }

  /** Once everything that was drawn until now is in the mask. */
  async sent(): Promise<void> {
    await this.sending
  }

  /** The mask that they were drawn in is no longer there. */
  forget(): void {
    this.strokes.length = 0
    this.isDrawing = false
  }

  private send(): void {
    this.sending ??= this.sendAll().finally(() => {
      this.sending = null
    })
  }

  private async sendAll(): Promise<void> {
    for (let stroke = this.next(); stroke; stroke = this.next()) {
      const places = stroke.waiting.splice(0, MOST_PLACES)
      const path_xyz = stroke.last ? [stroke.last, ...places] : places
      stroke.last = path_xyz[path_xyz.length - 1]
      await this.apply({ kind: 'brush', stroke: stroke.id, path_xyz, ...stroke.look })
    }
  }

  /** The oldest stroke that has something to send; those that are whole are forgotten. */
  private next(): Stroke | undefined {
    while (this.strokes.length > 1 && this.strokes[0].waiting.length === 0) this.strokes.shift()
    return this.strokes[0]?.waiting.length ? this.strokes[0] : undefined
  }
}
