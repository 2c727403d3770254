import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { LabelBricks } from '../../../shared/mask/edit/label-bricks.ts'
import type { MaskChange } from '../../../shared/mask/edit/mask-change.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'

// A record is: length of the rest, CRC-32 of the rest, length of the JSON, the JSON, bytes. Numbers are little-endian.
const HEAD_BYTES = 12
// A change of a whole mask; beyond this a length is damage.
const MOST_RECORD_BYTES = 2 ** 31 - 1

interface JournalRecord<T> {
  fields: T
  bytes: Uint8Array
  /** Where the record ends in the file. */
  endByte: number
}

/** One record as it is stored. */
function recordBytes(fields: unknown, parts: readonly Uint8Array[]): Buffer {
  const json = Buffer.from(JSON.stringify(fields))
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32LE(json.length, 8)
  const body = Buffer.concat([head.subarray(8), json, ...parts])
  head.writeUInt32LE(body.length, 0)
  head.writeUInt32LE(crc32(body), 4)
  return Buffer.concat([head.subarray(0, 8), body])
}

/** The whole records of a file, in order; what was cut off or damaged at the end is left out. None of a missing file. */
async function* readRecords<T>(file: string): AsyncGenerator<JournalRecord<T>> {
  const handle = await open(file, 'r').catch((error) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (!handle) return
  try {
    const head = Buffer.alloc(8)
    for (let at = 0; ; ) {
      if ((await handle.read(head, 0, 8, at)).bytesRead < 8) return
      const length = head.readUInt32LE(0)
      if (length < 4 || length > MOST_RECORD_BYTES || at + 8 + length > (await handle.stat()).size) return
      const body = Buffer.alloc(length)
      await handle.read(body, 0, length, at + 8)
      if (crc32(body) !== head.readUInt32LE(4)) return
      const jsonEnd = 4 + body.readUInt32LE(0)
      at += 8 + length
      yield { fields: JSON.parse(body.toString('utf8', 4, jsonEnd)) as T, bytes: body.subarray(jsonEnd), endByte: at }
    }
  } finally {
    await handle.close()
  }
}

interface BrickFields {
  brick: number
  /** Null where the bytes hold packed runs. */
  label: number | null
}
interface EndFields {
  end: true
}

/** What was done until a snapshot. */
export interface OperationFacts {
  total: number
  last_group: string | null
  /** How often each kind was carried out. */
  kinds: Record<string, number>
  /** ISO 8601. */
  changed_at: string
}
interface FactFields {
  facts: OperationFacts
}

/**
 * Writes all bricks that are not empty; complete on disk when it returns.
 * @param facts of the changes that they hold; absent for what a mask began with
 * @returns size of the file
 */
export async function writeBricks(file: string, bricks: LabelBricks, facts?: OperationFacts): Promise<number> {
  const handle = await open(file, 'w', 0o600)
  try {
    if (facts) await handle.appendFile(recordBytes({ facts } satisfies FactFields, []))
    for (let brick = 0; brick < bricks.numBricks; brick++) {
      const stored = bricks.packedOf(brick)
      if (stored === 0) continue
      const fields: BrickFields = { brick, label: typeof stored === 'number' ? stored : null }
      await handle.appendFile(recordBytes(fields, typeof stored === 'number' ? [] : [stored]))
    }
    await handle.appendFile(recordBytes({ end: true } satisfies EndFields, []))
    await handle.sync()
    return (await handle.stat()).size
  } finally {
    await handle.close()
  }
}

/** Bricks of `writeBricks`, and the changes that they hold. @throws {DomainError} `mask_journal_damaged` */
export async function readBricks(
  file: string,
  name: string,
  shapeZyx: Zyx,
): Promise<{ bricks: LabelBricks; facts: OperationFacts | null; sizeBytes: number }> {
  const bricks = new LabelBricks(shapeZyx)
  let facts: OperationFacts | null = null
  try {
    for await (const { fields, bytes, endByte } of readRecords<BrickFields | EndFields | FactFields>(file)) {
      if ('end' in fields) return { bricks, facts, sizeBytes: endByte }
      if ('facts' in fields) facts = fields.facts
      else bricks.restore(fields.brick, fields.label ?? Uint8Array.from(bytes))
    }
  } catch (cause) {
    throw new DomainError('mask_journal_damaged', { name, reason: 'a part of the mask cannot be read', cause })
  }
  throw new DomainError('mask_journal_damaged', { name, reason: 'the mask that they began with is incomplete' })
}

/** The changes that a snapshot holds, without reading it whole; null where that cannot be read. */
export async function readFacts(file: string): Promise<OperationFacts | null> {
  for await (const { fields } of readRecords<Partial<FactFields>>(file)) return fields.facts ?? null
  return null
}

/** What a change came of. */
export interface Operation {
  name: string
  /** Parts of one stroke have the same; null for what stands alone. */
  group: string | null
  /** What undo calls it, where that is another name. */
  step?: string
}

interface ChangeFields extends Operation {
  time: string
  gained: [number, number][]
  num_voxels: number
  bricks: { brick: number; start_zyx: Zyx; shape_zyx: Zyx; length: number }[]
}

/** A change as it was noted; only what came after it, not what was before. */
export interface NotedChange extends Operation {
  time: string
  change: MaskChange
  endByte: number
}

/**
 * Changes of a mask, appended as they happen, so that a crash loses none that was answered. The disk is told to keep them
 * within a second. The opener closes it.
 */
export class MaskJournal {
  private readonly handle: FileHandle
  private syncing: NodeJS.Timeout | null = null

  private written: number

  private constructor(handle: FileHandle, written: number) {
    this.handle = handle
    this.written = written
  }

  /** Goes on with a journal that ends with a whole record; or begins one. */
  static async open(file: string): Promise<MaskJournal> {
    const handle = await open(file, 'a', 0o600)
    return new MaskJournal(handle, (await handle.stat()).size)
  }

  /** Begins anew, whatever is there. */
  static async begin(file: string): Promise<MaskJournal> {
    return new MaskJournal(await open(file, 'w', 0o600), 0)
  }

  get sizeBytes(): number {
    return this.written
  }

  async note(operation: Operation, change: MaskChange): Promise<void> {
    const fields: ChangeFields = {
      ...operation,
      time: new Date().toISOString(),
      gained: [...change.gained],
      num_voxels: change.numVoxels,
      bricks: change.bricks.map((one) => ({
        brick: one.brick,
        start_zyx: one.startZyx,
        shape_zyx: one.shapeZyx,
        length: one.after.length,
      })),
    }
    const bytes = recordBytes(
      fields,
      change.bricks.map((one) => one.after),
    )
    await this.append(bytes)
    this.syncing ??= setTimeout(() => {
      this.syncing = null
      void this.handle.datasync().catch(() => undefined)
    }, 1000)
  }

  /** A record that was not written whole goes again: it would hide what is noted after it. */
  private async append(bytes: Buffer): Promise<void> {
    try {
      await this.handle.appendFile(bytes)
    } catch (error) {
      await this.handle.truncate(this.written).catch(() => undefined)
      throw error
    }
    this.written += bytes.length
  }

  async close(): Promise<void> {
    if (this.syncing) clearTimeout(this.syncing)
    await this.handle.close()
  }
}

/** Changes of a journal, in order. A change that was cut off by a crash, and what follows it, is left out. */
export async function* readChanges(file: string): AsyncGenerator<NotedChange> {
  for await (const { fields, bytes, endByte } of readRecords<ChangeFields>(file)) {
    let at = 0
    const bricks = fields.bricks.map(({ brick, start_zyx, shape_zyx, length }) => {
      const after = Uint8Array.from(bytes.subarray(at, at + length))
      at += length
      return { brick, startZyx: start_zyx, shapeZyx: shape_zyx, before: new Uint8Array(0), after }
    })
    const change = { bricks, gained: new Map(fields.gained), numVoxels: fields.num_voxels }
    const { name, group, step, time } = fields
    yield { name, group, ...(step === undefined ? {} : { step }), time, change, endByte }
  }
}

/** Counts operations: the parts of one stroke are one. */
export class OperationCount {
  total: number
  readonly kinds: Record<string, number>
  private lastGroup: string | null

  constructor(before?: OperationFacts) {
    this.total = before?.total ?? 0
    this.kinds = { ...before?.kinds }
    this.lastGroup = before?.last_group ?? null
  }

  get facts(): OperationFacts {
    const changed_at = new Date().toISOString()
    return { total: this.total, last_group: this.lastGroup, kinds: this.kinds, changed_at }
  }

  /** Changes that were made and not undone: each undo takes itself and one other away. */
  get numInForce(): number {
    return Math.max(0, this.total - 2 * (this.kinds.undo ?? 0))
  }

  add(name: string, group: string | null): void {
    const isNew = group === null || group !== this.lastGroup
    this.lastGroup = group
    if (!isNew) return
    this.total++
    this.kinds[name] = (this.kinds[name] ?? 0) + 1
  }
}
