import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { Mode0 } from '../../../shared/contract/bridge.ts'
import { ShapeZyx } from '../../../shared/contract/common.ts'
import type { KeptFile } from '../mask-service-messages.ts'
import { OperationCount, readChanges, readFacts } from './mask-journal.ts'

// A disk that is unplugged today may be back next month.
const KEEP_WITHOUT_VOLUME_MS = 60 * 24 * 3600 * 1000

const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])

/** What is kept of a mask beside its voxels. Times are ISO 8601. */
export const MaskRecord = Type.Object({
  schema_version: Type.Literal(1),
  volume: Type.Object({
    name: Type.String(),
    file: Type.String(),
    size_bytes: Type.Number(),
    modified_ms: Type.Number(),
    mode0: orNull(Mode0),
    shape_zyx: ShapeZyx,
  }),
  origin: Type.Object({
    kind: Type.Union([Type.Literal('run'), Type.Literal('file'), Type.Literal('empty')]),
    name: Type.String(),
    /** Of the labels as uint16, little-endian, z, y, x order. */
    labels_sha256: Type.String(),
  }),
  labels: Type.Array(
    Type.Object({ value: Type.Integer(), name: Type.String(), color: Type.String(), is_locked: Type.Boolean() }),
  ),
  began_at: Type.String(),
  changed_at: Type.String(),
  num_operations: Type.Integer(),
  /** Operations that the last export held; null before the first. */
  num_exported: orNull(Type.Integer()),
  /** How often each kind of operation was carried out. */
  operations: Type.Record(Type.String(), Type.Integer()),
})
export type MaskRecord = Type.Static<typeof MaskRecord>

// Some hundred strokes over a slice of 4096 × 4096 voxels.
const LONGEST_JOURNAL_BYTES = 64 * 1024 * 1024

/**
 * The folders of masks that are being corrected: one each, with what it began with, a journal of its changes, and in
 * place of a long journal a snapshot and a journal of what came after it, both of one generation.
 */
export class KeptMasks {
  readonly folder: string
  /** Beyond this a journal begins anew from a snapshot. */
  readonly longestJournalBytes: number

  constructor(folder: string, longestJournalBytes = LONGEST_JOURNAL_BYTES) {
    this.folder = folder
    this.longestJournalBytes = longestJournalBytes
  }

  fileOf(maskRef: string, name: 'mask.json' | 'beginning.bricks'): string {
    return path.join(this.folder, maskRef, name)
  }

  /** The snapshot of a generation from 1 on. */
  snapshotOf(maskRef: string, generation: number): string {
    return path.join(this.folder, maskRef, `snapshot-${generation}.bricks`)
  }

  /** The journal of a generation; that of 0 follows what the mask began with. */
  journalOf(maskRef: string, generation: number): string {
    return path.join(this.folder, maskRef, generation === 0 ? 'changes.journal' : `changes-${generation}.journal`)
  }

  /** The generation of the newest snapshot; 0 where there is none. */
  async newestSnapshot(maskRef: string): Promise<number> {
    const names = await readdir(path.join(this.folder, maskRef)).catch(() => [])
    return Math.max(0, ...names.map((name) => Number(/^snapshot-(\d+)\.bricks$/.exec(name)?.[1] ?? 0)))
  }

  /** Removes snapshots and journals of all other generations, whole or not. */
  async dropOthers(maskRef: string, generation: number): Promise<void> {
    const folder = path.join(this.folder, maskRef)
    const needed = [this.snapshotOf(maskRef, generation), this.journalOf(maskRef, generation)].map((file) =>
      path.basename(file),
    )
    for (const name of await readdir(folder))
      if (/^(snapshot|changes)\b/.test(name) && !needed.includes(name))
        await rm(path.join(folder, name), { force: true })
  }

  /** Replaces the record, by a rename. */
  async write(maskRef: string, record: MaskRecord): Promise<void> {
    const file = this.fileOf(maskRef, 'mask.json')
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(`${file}.partial`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
    await rename(`${file}.partial`, file)
  }

  /** The record of a mask; null where there is none that can be read. */
  async read(maskRef: string): Promise<MaskRecord | null> {
    try {
      const found: unknown = JSON.parse(await readFile(this.fileOf(maskRef, 'mask.json'), 'utf8'))
      return Value.Check(MaskRecord, found) ? found : null
    } catch {
      return null
    }
  }

  async forget(maskRef: string): Promise<void> {
    await rm(path.join(this.folder, maskRef), { recursive: true, force: true })
  }

  /**
   * Masks with changes that were not exported and whose volume is still the same file, newest first. What nobody needs
   * any more is removed on the way.
   * @param openRef the mask that is being corrected now; left alone
   */
  async list(openRef: string | null): Promise<KeptFile[]> {
    const found: KeptFile[] = []
    for (const maskRef of await readdir(this.folder).catch(() => [])) {
      if (maskRef === openRef) continue
      const one = await this.keptFile(maskRef)
      if (one) found.push(one)
    }
    return found.sort((a, b) => b.kept.changed_at.localeCompare(a.kept.changed_at))
  }

  private async keptFile(maskRef: string): Promise<KeptFile | null> {
    const record = await this.read(maskRef)
    const generation = await this.newestSnapshot(maskRef)
    const journal = this.journalOf(maskRef, generation)
    const facts = generation > 0 ? await readFacts(this.snapshotOf(maskRef, generation)) : null
    const newest = await stat(journal).catch(() => stat(this.snapshotOf(maskRef, generation)).catch(() => null))
    const mtimeMs = newest?.mtimeMs ?? 0
    const count = new OperationCount(facts ?? undefined)
    let changedAt = facts?.changed_at ?? record?.changed_at ?? ''
    for await (const { name, group, time } of readChanges(journal)) {
      count.add(name, group)
      changedAt = time
    }
    const isNeeded = record !== null && count.total !== (record.num_exported ?? 0)
    const isSame = isNeeded && (await isSameFile(record))
    if (!isNeeded || (!isSame && Date.now() - mtimeMs > KEEP_WITHOUT_VOLUME_MS)) await this.forget(maskRef)
    if (!isSame) return null
    const { volume } = record
    const kept = { mask_ref: maskRef, volume_name: volume.name, num_operations: count.total, changed_at: changedAt }
    return { kept, file: volume.file, mode0: volume.mode0 }
  }
}

async function isSameFile({ volume }: MaskRecord): Promise<boolean> {
  const now = await stat(volume.file).catch(() => null)
  return now !== null && now.size === volume.size_bytes && now.mtimeMs === volume.modified_ms
}
