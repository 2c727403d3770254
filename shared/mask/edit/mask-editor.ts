import { DomainError } from '../../errors/domain-error.ts'
import { numVoxels } from '../../volume/zyx.ts'
import { EditHistory } from './edit-history.ts'
import { changeableLabels, EditWriter, type PaintOver } from './edit-writer.ts'
import type { LabelBricks } from './label-bricks.ts'
import { type MaskChange, putChange, reverseOf } from './mask-change.ts'

// Steps of undo beyond this go, the oldest first.
export const UNDO_BYTES = 256 * 1024 * 1024

/** What an operation is, for the history and for the locks. */
export interface EditIntent {
  /** As the user calls it, e.g. `brush`. */
  name: string
  /** Operations of one group are undone together. */
  group?: string | null
  /** The label that is given; null where there are several. */
  label: number | null
  over?: PaintOver
}

/**
 * A mask that is being corrected: its labels at full resolution, voxels per label, locks, and what can be undone.
 * One operation at a time: the caller waits for each. An operation that fails or is canceled changes nothing.
 */
export class MaskEditor {
  readonly bricks: LabelBricks
  readonly history: EditHistory
  /** Labels whose voxels stay exactly as they are. */
  readonly locked: Set<number> = new Set()
  private readonly voxels: Map<number, number>

  /**
   * @param counts  voxels of each label that occurs; background is found from them
   * @param history of the changes that led to `bricks`, as far as it is known
   */
  constructor(bricks: LabelBricks, counts: ReadonlyMap<number, number>, history = new EditHistory(UNDO_BYTES)) {
    this.bricks = bricks
    this.history = history
    this.voxels = new Map(counts)
    const foreground = [...counts].reduce((sum, [label, count]) => sum + (label === 0 ? 0 : count), 0)
    this.voxels.set(0, numVoxels(bricks.shapeZyx) - foreground)
  }

  /** Voxels of each label that occurs, background included. */
  get counts(): ReadonlyMap<number, number> {
    return this.voxels
  }

  /**
   * Carries out one operation.
   * @throws {DomainError} `label_locked`, and what `write` throws; nothing is changed then
   */
  async edit(intent: EditIntent, write: (writer: EditWriter) => void | Promise<void>): Promise<MaskChange> {
    const { name, group = null, label, over = 'any' } = intent
    if (label !== null && this.locked.has(label)) throw new DomainError('label_locked', { label })
    const writer = new EditWriter(this.bricks, changeableLabels(over, this.locked))
    try {
      await write(writer)
    } catch (error) {
      writer.rollBack()
      throw error
    }
    const change = writer.finish()
    if (change.bricks.length > 0) this.history.push({ name, group, change })
    this.count(change)
    return change
  }

  /** Takes the newest step back; null without one. Locks do not hold here: the voxels become what they were. */
  undo(): MaskChange | null {
    const entry = this.history.undo()
    return entry && this.put(reverseOf(entry.change))
  }

  /** Does the step again that was undone last; null without one. */
  redo(): MaskChange | null {
    const entry = this.history.redo()
    return entry && this.put(entry.change)
  }

  /** Puts in a change that was kept elsewhere, without a step of undo. @throws RangeError when it is damaged */
  put(change: MaskChange): MaskChange {
    putChange(this.bricks, change, 'after')
    this.count(change)
    return change
  }

  private count({ gained }: MaskChange): void {
    for (const [label, voxels] of gained) {
      const count = (this.voxels.get(label) ?? 0) + voxels
      if (count === 0 && label !== 0) this.voxels.delete(label)
      else this.voxels.set(label, count)
    }
  }
}
