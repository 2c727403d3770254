import { changeBytes, joinChanges, type MaskChange } from './mask-change.ts'

/** One step of undo. */
export interface HistoryEntry {
  /** What was done, e.g. `brush`. */
  name: string
  /** Operations of one group, such as the parts of a stroke, are one step; null stands alone. */
  group: string | null
  change: MaskChange
}

/**
 * Steps that can be undone and redone, within a bound on memory: the oldest go first, and a change larger than the
 * bound cannot be undone at all.
 */
export class EditHistory {
  private readonly mostBytes: number
  private done: HistoryEntry[] = []
  private undone: HistoryEntry[] = []
  private bytes = 0

  /** @param mostBytes packed changes that are kept at most */
  constructor(mostBytes: number) {
    this.mostBytes = mostBytes
  }

  get sizeBytes(): number {
    return this.bytes
  }

  /** Name of the step that `undo` would take back; null without one. */
  get undoName(): string | null {
    return this.done.at(-1)?.name ?? null
  }

  get redoName(): string | null {
    return this.undone.at(-1)?.name ?? null
  }

  /** Adds what was done; what was undone before it is forgotten. */
  push(entry: HistoryEntry): void {
    for (const forgotten of this.undone) this.bytes -= changeBytes(forgotten.change)
    this.undone = []
    this.bytes += changeBytes(entry.change)
    const last = this.done.at(-1)
    if (last && entry.group !== null && last.group === entry.group) last.change = joinChanges(last.change, entry.change)
    else this.done.push({ ...entry })
    while (this.bytes > this.mostBytes && this.done.length > 0) {
      const [oldest] = this.done.splice(0, 1)
      this.bytes -= changeBytes(oldest.change)
    }
  }

  /**
   * Adds what was noted in the past, `undo` and `redo` among it. Where a step was undone that is not known here, or not
   * as it was noted, nothing before that can be undone.
   */
  retrace(noted: HistoryEntry): void {
    if (noted.name !== 'undo' && noted.name !== 'redo') return this.push(noted)
    const step = noted.name === 'undo' ? this.undo() : this.redo()
    if (!step || !isOfSameSize(step.change, noted.change)) this.clear()
  }

  /** What comes next is a step of its own, whatever its group. */
  endGroup(): void {
    const last = this.done.at(-1)
    if (last) last.group = null
  }

  /** Forgets all steps. */
  clear(): void {
    this.done = []
    this.undone = []
    this.bytes = 0
  }

  /** The newest step, which is now undone; null without one. */
  undo(): HistoryEntry | null {
    const entry = this.done.pop() ?? null
    if (entry) this.undone.push({ ...entry, group: null })
    return entry
  }

  /** The step that was undone last, which is now done again; null without one. */
  redo(): HistoryEntry | null {
    const entry = this.undone.pop() ?? null
    if (entry) this.done.push({ ...entry, group: null })
    return entry
  }
}

function isOfSameSize(one: MaskChange, other: MaskChange): boolean {
  return one.numVoxels === other.numVoxels && one.bricks.length === other.bricks.length
}
