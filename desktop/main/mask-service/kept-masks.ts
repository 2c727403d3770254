import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Value } from 'typebox/value'
import type { KeptMask } from '../../../shared/contract/mask-view.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { isStill, stampOf } from '../file-identity.ts'
import type { KeptFile } from '../mask-service-messages.ts'
import { OperationCount, readChanges, readFacts } from './mask-journal.ts'
import { MaskRecord } from './mask-record.ts'

// A disk that is unplugged today may be back next month.
const KEEP_WITHOUT_VOLUME_MS = 60 * 24 * 3600 * 1000

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

  /**
   * The record of a mask; null where there is none.
   * @throws {DomainError} `mask_record_unreadable`, also for one of a newer version
   */
  async read(maskRef: string): Promise<MaskRecord | null> {
    const text = await readFile(this.fileOf(maskRef, 'mask.json'), 'utf8').catch((cause) => {
      if (cause.code === 'ENOENT') return null
      throw this.unreadable(maskRef, cause.code ?? 'unknown', cause)
    })
    if (text === null) return null
    try {
      const found: unknown = JSON.parse(text)
      if (Value.Check(MaskRecord, found)) return found
    } catch (cause) {
      throw this.unreadable(maskRef, 'its record is damaged', cause)
    }
    throw this.unreadable(maskRef, 'its record is of another version')
  }

  private unreadable(maskRef: string, reason: string, cause?: unknown): DomainError {
    return new DomainError('mask_record_unreadable', { folder: path.join(this.folder, maskRef), reason, cause })
  }

  /** Runs whose masks are being corrected, or were and are kept; null where that cannot be told of all. */
  async runRefs(): Promise<ReadonlySet<string> | null> {
    const refs = new Set<string>()
    try {
      for (const maskRef of await this.maskRefs()) {
        const record = await this.read(maskRef)
        if (record?.origin.run_ref) refs.add(record.origin.run_ref)
      }
      return refs
    } catch {
      return null
    }
  }

  private async maskRefs(): Promise<string[]> {
    return readdir(this.folder).catch((error) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
  }

  async forget(maskRef: string): Promise<void> {
    await rm(path.join(this.folder, maskRef), { recursive: true, force: true })
  }

  /**
   * Masks with changes that were not exported, newest first, and what could not be read. What nobody needs any more is
   * removed on the way; what cannot be read stays as it is.
   * @param openRef the mask that is being corrected now; left alone
   */
  async list(openRef: string | null): Promise<{ kept: KeptFile[]; unreadable: DomainError[] }> {
    const kept: KeptFile[] = []
    const unreadable: DomainError[] = []
    for (const maskRef of await this.maskRefs()) {
      if (maskRef === openRef) continue
      try {
        const one = await this.keptFile(maskRef)
        if (one) kept.push(one)
      } catch (error) {
        const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
        unreadable.push(error instanceof DomainError ? error : this.unreadable(maskRef, reason, error))
      }
    }
    return { kept: kept.sort((a, b) => b.kept.changed_at.localeCompare(a.kept.changed_at)), unreadable }
  }

  private async keptFile(maskRef: string): Promise<KeptFile | null> {
    const record = await this.read(maskRef)
    if (!record) return this.withoutRecord(maskRef)
    const generation = await this.newestSnapshot(maskRef)
    const journal = this.journalOf(maskRef, generation)
    const facts = generation > 0 ? await readFacts(this.snapshotOf(maskRef, generation)) : null
    const newest = await stat(journal).catch(() => stat(this.snapshotOf(maskRef, generation)).catch(() => null))
    const count = new OperationCount(facts ?? undefined)
    let changedAt = facts?.changed_at ?? record.changed_at
    for await (const { name, group, time } of readChanges(journal)) {
      count.add(name, group)
      changedAt = time
    }
    const isNeeded = count.total !== (record.num_exported ?? 0)
    const standing = isNeeded ? await standingOf(record) : 'gone'
    const isOver = standing === 'gone' && Date.now() - (newest?.mtimeMs ?? Date.now()) > KEEP_WITHOUT_VOLUME_MS
    if (!isNeeded || isOver) await this.forget(maskRef)
    if (standing === 'gone') return null
    const { volume, origin } = record
    const counts = { num_operations: count.total, num_changes: count.numInForce }
    const kept = { mask_ref: maskRef, volume_name: volume.name, ...counts, changed_at: changedAt }
    const doubt = standing === 'same' ? {} : { doubt: standing }
    return { kept: { ...kept, ...doubt }, file: volume.file, mode0: volume.mode0, run_ref: origin.run_ref ?? null }
  }

  /** A folder that was made and never filled is of no use; changes without their record cannot be offered. */
  private async withoutRecord(maskRef: string): Promise<null> {
    const names = await readdir(path.join(this.folder, maskRef))
    if (names.some((name) => /\.(bricks|journal)$/.test(name))) throw this.unreadable(maskRef, 'its record is missing')
    await this.forget(maskRef)
    return null
  }
}

/** How the file at the path of a mask's volume stands to that volume. */
async function standingOf({ volume }: MaskRecord): Promise<'same' | 'gone' | NonNullable<KeptMask['doubt']>> {
  const { samples_sha256, size_bytes, modified_ms } = volume
  try {
    if (samples_sha256 !== undefined) {
      const isSame = await isStill(volume.file, { size_bytes, modified_ms, samples_sha256 })
      return isSame ? 'same' : 'changed'
    }
    const now = await stampOf(volume.file)
    if (now.sizeBytes !== size_bytes) return 'changed'
    return now.modifiedMs === modified_ms ? 'same' : 'unknown'
  } catch (error) {
    return error instanceof DomainError && error.code === 'file_not_found' ? 'gone' : 'unknown'
  }
}
