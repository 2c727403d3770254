import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import type { MaskOperation } from '../../../shared/contract/mask-edit.ts'
import type { LabelChange, MaskView } from '../../../shared/contract/mask-view.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import type { EditHistory } from '../../../shared/mask/edit/edit-history.ts'
import { LabelBricks } from '../../../shared/mask/edit/label-bricks.ts'
import { type MaskChange, reverseOf, type VoxelBox } from '../../../shared/mask/edit/mask-change.ts'
import { MaskEditor } from '../../../shared/mask/edit/mask-editor.ts'
import type { UnpackedCopies } from '../../../shared/node/unpacked-copies.ts'
import { asWriteProblem } from '../../../shared/node/write-volume.ts'
import type { Abort, VolumeWarning, VoxelSource } from '../../../shared/volume/header.ts'
import { toFloat32 } from '../../../shared/volume/voxel-values.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'
import { isStill } from '../file-identity.ts'
import type { MaskBeginning, MaskVolume } from '../mask-service-messages.ts'
import { openAnyVolume } from '../volume-service/open-any-volume.ts'
import { changedSinceOpened } from '../watched-file.ts'
import { applyOperation } from './apply-operation.ts'
import { ChangeStore } from './change-store.ts'
import type { KeptMasks } from './kept-masks.ts'
import { countBricks, hashBricks, loadMask } from './load-mask.ts'
import type { Operation } from './mask-journal.ts'
import { type MaskRecord, newRecord, plainLabel, volumeFacts } from './mask-record.ts'
import type { ProbabilityFiles } from './probability-files.ts'

/**
 * One mask that is being corrected: bricks, journal, record and the volume under it. What it began with is on disk
 * before the first change, and each change before it is answered. The opener closes it.
 */
export class MaskSession {
  readonly ref: string
  readonly editor: MaskEditor
  /** What the mask began with. */
  readonly beginning: LabelBricks
  readonly source: VoxelSource
  /** Of the volume. */
  readonly format: OpenedVolume['format']
  readonly record: MaskRecord
  probability: ProbabilityFiles | null = null
  private readonly volumeRef: string
  private readonly kept: KeptMasks
  private readonly canHaveProbability: boolean
  private readonly changes: ChangeStore
  private readonly warnings: VolumeWarning[]
  private busy: string | null = null
  private stopping = { aborted: false }

  private constructor(facts: {
    ref: string
    volumeRef: string
    kept: KeptMasks
    source: VoxelSource
    format: OpenedVolume['format']
    record: MaskRecord
    beginning: LabelBricks
    bricks: LabelBricks
    canHaveProbability: boolean
    warnings?: VolumeWarning[]
    changes: ChangeStore
    counts?: Map<number, number>
    history?: EditHistory
  }) {
    this.ref = facts.ref
    this.volumeRef = facts.volumeRef
    this.kept = facts.kept
    this.source = facts.source
    this.format = facts.format
    this.record = facts.record
    this.changes = facts.changes
    this.warnings = facts.warnings ?? []
    this.beginning = facts.beginning
    this.editor = new MaskEditor(facts.bricks, facts.counts ?? countBricks(facts.bricks), facts.history)
    this.canHaveProbability = facts.canHaveProbability
    for (const { value, is_locked } of this.record.labels) if (is_locked) this.editor.locked.add(value)
  }

  /** @throws {DomainError} `mask_grid_differs`, `request_invalid`, what `openAnyVolume` throws */
  static async begin(
    kept: KeptMasks,
    ref: string,
    volume: MaskVolume,
    from: MaskBeginning,
    copies?: UnpackedCopies,
  ): Promise<MaskSession> {
    const { source, format } = await openAnyVolume(volume.file, { mode0: volume.mode0 ?? undefined, copies })
    try {
      const { header } = source
      const mode0 = from.kind === 'file' ? (from.mode0 ?? undefined) : undefined
      const empty = { bricks: new LabelBricks(header.shapeZyx), warnings: [] }
      const { bricks, warnings } = from.kind === 'empty' ? empty : await loadMask(from.file, header, mode0)
      const counts = countBricks(bricks)
      const sha256 = hashBricks(bricks, counts)
      const record = await newRecord(volume, header.shapeZyx, from, { counts, sha256 })
      const canHaveProbability = from.kind === 'run'
      return new MaskSession({
        ref,
        volumeRef: volume.volume_ref,
        kept,
        source,
        format,
        record,
        beginning: bricks.copy(),
        bricks,
        counts,
        canHaveProbability,
        warnings,
        changes: new ChangeStore(kept, ref),
      })
    } catch (error) {
      await source.close()
      throw error
    }
  }

  /**
   * Takes up what an earlier start kept, on the volume as it is now.
   * @throws {DomainError} `mask_record_unreadable`, `mask_journal_damaged`, `mask_grid_differs`, what `openAnyVolume` throws
   */
  static async recover(
    kept: KeptMasks,
    ref: string,
    volume: MaskVolume,
    { copies, canHaveProbability = false }: { copies?: UnpackedCopies; canHaveProbability?: boolean } = {},
  ): Promise<MaskSession> {
    const record = await kept.read(ref)
    if (!record) throw new DomainError('mask_journal_damaged', { name: volume.name, reason: 'their record is missing' })
    const { source, format } = await openAnyVolume(volume.file, { mode0: volume.mode0 ?? undefined, copies })
    try {
      const { shapeZyx } = source.header
      checkShape(record, shapeZyx)
      const { store, beginning, now, history } = await ChangeStore.recover(kept, ref, volume.name, shapeZyx)
      record.volume = await volumeFacts(volume, shapeZyx)
      record.operations = store.operations.kinds
      record.num_operations = store.operations.total
      const found = { ref, volumeRef: volume.volume_ref, kept, source, format, record, canHaveProbability }
      return new MaskSession({ ...found, beginning, bricks: now, changes: store, history })
    } catch (error) {
      await source.close()
      throw error
    }
  }

  view(): MaskView {
    const { volume, origin, labels, num_operations, num_exported } = this.record
    const listed = new Set(labels.map((one) => one.value))
    const others = [...this.editor.counts.keys()].filter((value) => value !== 0 && !listed.has(value)).sort(ascending)
    const { history, counts } = this.editor
    return {
      mask_ref: this.ref,
      volume_ref: this.volumeRef,
      volume_name: volume.name,
      origin: origin.kind,
      origin_name: origin.name,
      labels: [...labels, ...others.map(plainLabel)].map((one) => ({ ...one, voxels: counts.get(one.value) ?? 0 })),
      undo_name: history.undoName,
      redo_name: history.redoName,
      num_operations,
      num_changes: this.changes.operations.numInForce,
      is_unsaved: num_operations !== (num_exported ?? 0),
      has_probability: this.canHaveProbability || this.probability !== null,
      busy: this.busy,
      ...(this.warnings.length > 0 ? { warnings: this.warnings } : {}),
    }
  }

  /**
   * @param onBusy told when it begins, unless it is done at once, and when it ends without a change
   * @throws {DomainError} what `applyOperation` throws, `file_changed` for what reads the volume; nothing is changed then
   */
  async apply(operation: MaskOperation, onBusy: () => void): Promise<MaskChange> {
    this.busy = operation.kind
    if (operation.kind !== 'brush') onBusy()
    try {
      const change = await this.carryOut(operation)
      this.busy = null
      return change
    } catch (error) {
      this.busy = null
      if (operation.kind !== 'brush') onBusy()
      throw error
    }
  }

  private async carryOut(operation: MaskOperation): Promise<MaskChange> {
    this.stopping = { aborted: false }
    if (operation.kind === 'grow' && (await this.hasVolumeChanged())) throw changedSinceOpened(this.record.volume.file)
    const change = await applyOperation(
      {
        editor: this.editor,
        spacingZyx: this.source.header.voxelSizeZyx ?? [1, 1, 1],
        readValues: (box, signal) => this.readValues(box, signal),
        probability: this.probability,
        signal: this.stopping,
      },
      operation,
    )
    if ('label' in operation && operation.label > 0) this.listLabel(operation.label)
    const step = this.editor.history.undoName ?? operation.kind
    await this.note({ name: operation.kind, group: operation.kind === 'brush' ? operation.stroke : null, step }, change)
    return change
  }

  async undo(): Promise<MaskChange | null> {
    const change = this.editor.undo()
    if (change) await this.note({ name: 'undo', group: null }, change)
    return change
  }

  async redo(): Promise<MaskChange | null> {
    const change = this.editor.redo()
    if (change) await this.note({ name: 'redo', group: null }, change)
    return change
  }

  /** Ends the operation that is being carried out, if any. */
  cancel(): void {
    this.stopping.aborted = true
  }

  async changeLabel({ value, name, color, is_locked }: LabelChange): Promise<void> {
    const label = this.listLabel(value)
    if (name !== undefined) label.name = name
    if (color !== undefined) label.color = color
    if (is_locked !== undefined) label.is_locked = is_locked
    if (label.is_locked) this.editor.locked.add(value)
    else this.editor.locked.delete(value)
    if (this.changes.isOnDisk) await this.kept.write(this.ref, this.record)
  }

  /** Everything was written to a file of the user's. */
  async exported(): Promise<void> {
    this.record.num_exported = this.record.num_operations
    if (this.changes.isOnDisk) await this.kept.write(this.ref, this.record)
  }

  /** The file at the volume's path is another one than when the mask was begun; one that is gone is not. */
  async hasVolumeChanged(): Promise<boolean> {
    const { file, size_bytes, modified_ms, samples_sha256 = '' } = this.record.volume
    return !(await isStill(file, { size_bytes, modified_ms, samples_sha256 }).catch(() => true))
  }

  /** Ends it; what is kept on disk goes when nothing of it is needed any more. */
  async close(isDiscarded: boolean): Promise<void> {
    const isNeeded = this.view().is_unsaved && !isDiscarded
    await this.changes.close()
    await this.probability?.close()
    await this.source.close()
    if (!isNeeded) await this.kept.forget(this.ref)
  }

  /** The label's entry in the list; a new one at its end. */
  private listLabel(value: number): MaskRecord['labels'][number] {
    const known = this.record.labels.find((one) => one.value === value)
    if (known) return known
    const added = plainLabel(value)
    this.record.labels.push(added)
    return added
  }

  private async note(operation: Operation, change: MaskChange): Promise<void> {
    if (change.bricks.length === 0) return
    try {
      await this.writeDown(operation, change)
    } catch (cause) {
      // What cannot be kept is not shown either; the steps of undo would no longer fit.
      this.editor.put(reverseOf(change))
      this.editor.history.clear()
      throw asWriteProblem(cause, 'The journal of the corrections')
    }
    this.record.operations = this.changes.operations.kinds
    this.record.num_operations = this.changes.operations.total
    this.record.changed_at = new Date().toISOString()
    // Strokes come many a second; they are counted again from the journal after a crash.
    if (operation.name !== 'brush') await this.kept.write(this.ref, this.record)
    await this.changes.compact(this.editor.bricks)
  }

  private async writeDown(operation: Operation, change: MaskChange): Promise<void> {
    if (!this.changes.isOnDisk) {
      await this.kept.write(this.ref, this.record)
      await this.changes.begin(this.beginning)
    }
    await this.changes.note(operation, change)
  }

  private async readValues({ startZyx, shapeZyx }: VoxelBox, signal?: Abort): Promise<Float32Array> {
    const { dtype, scaling } = this.source.header
    return toFloat32(await this.source.readBox(startZyx, shapeZyx, signal), dtype, scaling)
  }
}

/** @throws {DomainError} `mask_grid_differs` */
function checkShape({ volume }: MaskRecord, shapeZyx: Zyx): void {
  if (volume.shape_zyx.join() === shapeZyx.join()) return
  const shown = (shape: readonly number[]) => [...shape].reverse().join(' × ')
  const reason = `it was begun over ${shown(volume.shape_zyx)} voxels (x, y, z), the file has ${shown(shapeZyx)} now`
  throw new DomainError('mask_grid_differs', { name: 'The kept mask', reason })
}

function ascending(a: number, b: number): number {
  return a - b
}
