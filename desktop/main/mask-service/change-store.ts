import { mkdir, open, rename, rm, truncate } from 'node:fs/promises'
import path from 'node:path'
import { EditHistory } from '../../../shared/mask/edit/edit-history.ts'
import type { LabelBricks } from '../../../shared/mask/edit/label-bricks.ts'
import { completeChange, type MaskChange } from '../../../shared/mask/edit/mask-change.ts'
import { UNDO_BYTES } from '../../../shared/mask/edit/mask-editor.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'
import type { KeptMasks } from './kept-masks.ts'
import { MaskJournal, type Operation, OperationCount, readBricks, readChanges, writeBricks } from './mask-journal.ts'

/** What an earlier start kept of a mask. */
export interface KeptChanges {
  store: ChangeStore
  beginning: LabelBricks
  now: LabelBricks
  /** Steps since the newest snapshot that can be undone. */
  history: EditHistory
}

/**
 * The changes of one mask on disk: what it began with, a journal of what came after, and, once the journal is long, a
 * snapshot that it begins anew from. States: nothing on disk → `begin` → noting; a snapshot counts from the moment its
 * file has its name, when a new journal is there already, so that a crash at any time loses nothing. The opener closes it.
 */
export class ChangeStore {
  readonly operations: OperationCount
  private readonly kept: KeptMasks
  private readonly ref: string
  private journal: MaskJournal | null = null
  private generation = 0
  private longestBytes: number

  constructor(kept: KeptMasks, ref: string, operations = new OperationCount()) {
    this.kept = kept
    this.ref = ref
    this.operations = operations
    this.longestBytes = kept.longestJournalBytes
  }

  /** Takes up what was kept. @throws {DomainError} `mask_journal_damaged` */
  static async recover(kept: KeptMasks, ref: string, name: string, shapeZyx: Zyx): Promise<KeptChanges> {
    const { bricks: beginning } = await readBricks(kept.fileOf(ref, 'beginning.bricks'), name, shapeZyx)
    const generation = await kept.newestSnapshot(ref)
    const snapshot = generation > 0 ? await readBricks(kept.snapshotOf(ref, generation), name, shapeZyx) : null
    const now = snapshot?.bricks ?? beginning.copy()
    const store = new ChangeStore(kept, ref, new OperationCount(snapshot?.facts ?? undefined))
    const journal = kept.journalOf(ref, generation)
    const history = new EditHistory(UNDO_BYTES)
    let endByte = 0
    for await (const noted of readChanges(journal)) {
      const change = completeChange(now, noted.change)
      history.retrace({ name: noted.step ?? noted.name, group: noted.group, change })
      store.operations.add(noted.name, noted.group)
      endByte = noted.endByte
    }
    history.endGroup()
    // What a crash cut off would hide everything that is noted after it.
    await truncate(journal, endByte).catch((error) => {
      if (error.code !== 'ENOENT') throw error
    })
    store.generation = generation
    store.journal = await MaskJournal.open(journal)
    if (snapshot) store.longestBytes = longestAfter(kept.longestJournalBytes, snapshot.sizeBytes)
    await kept.dropOthers(ref, generation).catch(() => undefined)
    return { store, beginning, now, history }
  }

  /** True once something is kept. */
  get isOnDisk(): boolean {
    return this.journal !== null
  }

  /** Puts what the mask began with on disk, before its first change. */
  async begin(beginning: LabelBricks): Promise<void> {
    const file = this.kept.fileOf(this.ref, 'beginning.bricks')
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    await writeBricks(file, beginning)
    this.journal = await MaskJournal.open(this.kept.journalOf(this.ref, 0))
  }

  async note(operation: Operation, change: MaskChange): Promise<void> {
    await this.journal?.note(operation, change)
    this.operations.add(operation.name, operation.group)
  }

  /** Begins the journal anew where it is too long. What fails here loses nothing: the old journal goes on. */
  async compact(bricks: LabelBricks): Promise<void> {
    const before = this.journal
    if (!before || before.sizeBytes <= this.longestBytes) return
    const next = this.generation + 1
    const file = this.kept.snapshotOf(this.ref, next)
    let journal: MaskJournal | null = null
    try {
      const sizeBytes = await writeBricks(`${file}.partial`, bricks, this.operations.facts)
      journal = await MaskJournal.begin(this.kept.journalOf(this.ref, next))
      await rename(`${file}.partial`, file)
      this.longestBytes = longestAfter(this.kept.longestJournalBytes, sizeBytes)
    } catch (error) {
      console.error(error)
      await journal?.close()
      await rm(`${file}.partial`, { force: true }).catch(() => undefined)
      this.longestBytes = 2 * before.sizeBytes
      return
    }
    this.journal = journal
    this.generation = next
    await syncFolder(path.dirname(file))
    await before.close()
    await this.kept.dropOthers(this.ref, next).catch(() => undefined)
  }

  async close(): Promise<void> {
    await this.journal?.close()
  }
}

/** A journal may be twice as long as the snapshot that it follows: so all snapshots together cost little. */
function longestAfter(atLeast: number, snapshotBytes: number): number {
  return Math.max(atLeast, 2 * snapshotBytes)
}

/** The new name survives a power cut; not every system can do this. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}
