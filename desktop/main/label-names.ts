import type { MaskView } from '../../shared/contract/mask-view.ts'
import type { KeptFacts } from './file-facts.ts'

// A colour that is being chosen changes many times a second.
const KEEP_AFTER_MS = 500

/** Keeps names and colours of the labels of one mask with the file that it began with and those that it is exported to. */
export class LabelNames {
  private readonly labels: KeptFacts['labels']
  private readonly home: string | null
  private readonly homes: Set<string>
  /** What the first home has without the changes since. */
  private first: MaskView['labels']
  private kept: string
  private now: MaskView['labels']
  private timer: ReturnType<typeof setTimeout> | undefined

  /** @param home the file that it began with; null where that is not known */
  constructor(labels: KeptFacts['labels'], view: MaskView, home: string | null) {
    this.labels = labels
    this.home = home
    this.first = view.labels
    this.homes = new Set(home === null ? [] : [home])
    this.now = view.labels
    this.kept = textOf(view.labels)
  }

  changed({ labels }: MaskView): void {
    this.now = labels
    if (textOf(labels) === this.kept) return
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.flush(), KEEP_AFTER_MS)
  }

  /** The mask was written to a file: its labels have the same names when it is opened. */
  async exportedTo(file: string): Promise<void> {
    this.homes.add(file)
    if (file === this.home) this.first = this.now
    await this.keep([file])
  }

  /** Writes what is not kept yet. */
  async flush(): Promise<void> {
    clearTimeout(this.timer)
    const text = textOf(this.now)
    if (text === this.kept) return
    this.kept = text
    await this.keep(this.homes)
  }

  /** The changes are thrown away: the file that the mask began with has the names that it had. */
  async discard(): Promise<void> {
    clearTimeout(this.timer)
    const isKept = textOf(this.first) !== this.kept
    this.now = this.first
    this.kept = textOf(this.first)
    if (isKept && this.home !== null) await this.keep([this.home])
  }

  private async keep(files: Iterable<string>): Promise<void> {
    const labels = this.now.slice(0, 1000).map(({ value, name, color }) => ({ value, name, color }))
    for (const file of files) await this.labels.keep(file, labels)
  }
}

function textOf(labels: MaskView['labels']): string {
  return JSON.stringify(labels.map(({ value, name, color }) => [value, name, color]))
}
