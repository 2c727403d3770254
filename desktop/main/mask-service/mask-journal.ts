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

/** The whole records of a file, in order; what was cut off or damaged at the end is left out. */
async function* readRecords<T>(file: string): AsyncGenerator<JournalRecord<T>> {
  const handle = await open(file, 'r')
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
      yield { fields: JSON.parse(body.toString('utf8', 4, jsonEnd)) as T, bytes: body.subarray(jsonEnd) }
      at += 8 + length
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

/** Writes all bricks that are not empty; complete on disk when it returns. */
export async function writeBricks(file: string, bricks: LabelBricks): Promise<void> {
  const handle = await open(file, 'w')
  try {
    for (let brick = 0; brick < bricks.numBricks; brick++) {
      const stored = bricks.packedOf(brick)
      if (stored === 0) continue
      const fields: BrickFields = { brick, label: typeof stored === 'number' ? stored : null }
      await handle.appendFile(recordBytes(fields, typeof stored === 'number' ? [] : [stored]))
    }
    await handle.appendFile(recordBytes({ end: true } satisfies EndFields, []))
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Bricks of `writeBricks`. @throws {DomainError} `mask_journal_damaged` */
export async function readBricks(file: string, name: string, shapeZyx: Zyx): Promise<LabelBricks> {
  const bricks = new LabelBricks(shapeZyx)
  try {
    for await (const { fields, bytes } of readRecords<BrickFields | EndFields>(file)) {
      if ('end' in fields) return bricks
      bricks.restore(fields.brick, fields.label ?? Uint8Array.from(bytes))
    }
  } catch (cause) {
    throw new DomainError('mask_journal_damaged', { name, reason: 'a part of the mask cannot be read', cause })
  }
  throw new DomainError('mask_journal_damaged', { name, reason: 'the mask that they began with is incomplete' })
}

interface ChangeFields {
  name: string
  /** Parts of one stroke have the same; null for what stands alone. */
  group: string | null
  time: string
  gained: [number, number][]
  num_voxels: number
  bricks: { brick: number; start_zyx: Zyx; shape_zyx: Zyx; length: number }[]
}

/** A change as it was noted; only what came after it, not what was before. */
export interface NotedChange {
  name: string
  group: string | null
  time: string
  change: MaskChange
}

/**
 * Changes of a mask, appended as they happen, so that a crash loses none that was answered. The disk is told to keep them
 * within a second. The opener closes it.
 */
export class MaskJournal {
  private readonly handle: FileHandle
  private syncing: NodeJS.Timeout | null = null

  private constructor(handle: FileHandle) {
    this.handle = handle
  }

  static async open(file: string): Promise<MaskJournal> {
    return new MaskJournal(await open(file, 'a'))
  }

  async note(name: string, group: string | null, change: MaskChange): Promise<void> {
    const fields: ChangeFields = {
      name,
      group,
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
    await this.handle.appendFile(
      recordBytes(
        fields,
        change.bricks.map((one) => one.after),
      ),
    )
    this.syncing ??= setTimeout(() => {
      this.syncing = null
      void this.handle.datasync().catch(() => undefined)
    }, 1000)
  }

  async close(): Promise<void> {
    if (this.syncing) clearTimeout(this.syncing)
    await this.handle.close()
  }
}

/** Changes of a journal, in order. A change that was cut off by a crash, and what follows it, is left out. */
export async function* readChanges(file: string): AsyncGenerator<NotedChange> {
  for await (const { fields, bytes } of readRecords<ChangeFields>(file)) {
    let at = 0
    const bricks = fields.bricks.map(({ brick, start_zyx, shape_zyx, length }) => {
      const after = Uint8Array.from(bytes.subarray(at, at + length))
      at += length
      return { brick, startZyx: start_zyx, shapeZyx: shape_zyx, before: new Uint8Array(0), after }
    })
    const change = { bricks, gained: new Map(fields.gained), numVoxels: fields.num_voxels }
    yield { name: fields.name, group: fields.group, time: fields.time, change }
  }
}

/** Counts operations: the parts of one stroke are one. */
export class OperationCount {
  total = 0
  private lastGroup: string | null = null

  /** True when this begins a new operation. */
  add(group: string | null): boolean {
    const isNew = group === null || group !== this.lastGroup
    this.lastGroup = group
    if (isNew) this.total++
    return isNew
  }
}
