import { createHash, type Hash } from 'node:crypto'
import { access, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { type Axes, reordered } from './axis-order.ts'
import { CHECKPOINT_NAME, type Checkpoint, readCheckpoint, removeCheckpoint, writeCheckpoint } from './checkpoint.ts'
import { LabelFile } from './label-file.ts'
import { PlaneWriter, planesOf } from './plane-writer.ts'
import type { FinishedPlane } from './segmenter.ts'

/** The files that grow while the window moves. */
export interface Outputs {
  labels: LabelFile
  probability: LabelFile | null
  candidate: LabelFile | null
}

export interface OutputRequest {
  /** Of the attempt: what else lies in it is of no use any more. */
  folder: string
  /** Of the volume. */
  shapeZyx: Zyx
  dtype: 'uint8' | 'uint16'
  /** As `PlaneWriter` takes it. */
  ofFile: Axes
  keepsProbability: boolean
  /** From `checkpointIdentity`; null: nothing is left to another attempt. */
  identity: string | null
  signal: AbortSignal
}

const NAMES = {
  labels: 'labels.raw.partial',
  probability: 'probability.raw.partial',
  candidate: 'candidate.raw.partial',
}

/**
 * The planes of a run on disk while they come, and how many of them are there for good.
 * States: opened, with the planes that an earlier attempt left → restored → growing, `save` now and then → closed.
 */
export class OutputFiles {
  readonly files: Outputs
  /** Planes in the order of the run that an earlier attempt left. */
  readonly numRestored: number
  private numPlanes = 0
  private numSaved: number
  private saving: Promise<void> | null = null
  private saveProblem: unknown = null
  private readonly hash: Hash = createHash('sha256')
  private readonly writers: PlaneWriter[]
  private readonly request: OutputRequest

  private constructor(request: OutputRequest, files: Outputs, numRestored: number) {
    this.request = request
    this.files = files
    this.numRestored = numRestored
    this.numSaved = numRestored
    this.writers = ordered(files).map((file) => new PlaneWriter(file, request.ofFile))
  }

  /**
   * Goes on from what an earlier attempt left in the folder where it is right, and begins anew where not.
   * @throws {DomainError} `canceled`; what is in the folder stays then
   */
  static async open(request: OutputRequest): Promise<OutputFiles> {
    const checkpoint = await readCheckpoint(request.folder, request.identity)
    await removeOthers(request, checkpoint !== null)
    const left = checkpoint && (await reopen(request, checkpoint))
    if (checkpoint && left) return new OutputFiles(request, left, checkpoint.numPlanes)
    await removeOthers(request, false)
    const { shapeZyx, dtype } = request
    const files = await openAll(request, (file, { type = dtype, isHashed }) =>
      LabelFile.create(file, shapeZyx, type, isHashed),
    )
    return new OutputFiles(request, files, 0)
  }

  /**
   * Gives the planes of the earlier attempt, in their order, to whoever has to see all. Once, before the first `add`.
   * @throws {DomainError} `canceled`
   */
  async restore(take: (plane: FinishedPlane) => Promise<void>): Promise<void> {
    for await (const plane of restoredPlanes(this.files, this.request, this.numRestored)) {
      this.addToHash(plane)
      for (const [i, part] of parts(plane).entries()) await this.writers[i].restore(part)
      await take(plane)
    }
  }

  /** Writes the next plane. Not kept. @throws {DomainError} `file_unwritable` */
  async add(plane: FinishedPlane): Promise<void> {
    if (this.writers.some(({ writesNext }) => writesNext)) await this.checkIsOurs()
    this.addToHash(plane)
    for (const [i, part] of parts(plane).entries()) await this.writers[i].add(part)
  }

  /** A server that was thought to be lost may go on: the next attempt has the files then, and they stay open here. */
  private async checkIsOurs(): Promise<void> {
    const { folder } = this.request
    await access(path.join(folder, NAMES.labels)).catch((cause) => {
      throw new DomainError('file_unwritable', { path: NAMES.labels, reason: cause.code, cause })
    })
  }

  private addToHash(plane: FinishedPlane): void {
    this.numPlanes++
    addTo(this.hash, plane)
  }

  /** Puts the planes so far on the disk, so that the next attempt begins behind them. */
  async save(): Promise<void> {
    await this.saving
    await this.putOnDisk(await this.written())
  }

  /**
   * As `save`, while planes go on to come: a disk that is slow to say that all is there holds nothing up. Nothing where an
   * earlier one is not done yet. @throws what an earlier one met
   */
  async saveBeside(): Promise<void> {
    if (this.saveProblem) throw this.saveProblem
    if (this.saving) return
    const checkpoint = await this.written()
    this.saving = this.putOnDisk(checkpoint)
      .catch((error) => {
        this.saveProblem = error
      })
      .finally(() => {
        this.saving = null
      })
  }

  /** What is true of the planes so far once they are on the disk; null where nothing is new. */
  private async written(): Promise<Checkpoint | null> {
    const { identity } = this.request
    // Fewer than an earlier attempt saved are there while they are not restored yet.
    if (identity === null || this.numPlanes <= this.numSaved) return null
    await this.checkIsOurs()
    for (const writer of this.writers) await writer.flush()
    return { identity, numPlanes: this.numPlanes, sha256: this.hash.copy().digest('hex') }
  }

  private async putOnDisk(checkpoint: Checkpoint | null): Promise<void> {
    if (checkpoint === null) return
    try {
      for (const file of ordered(this.files)) await file.sync()
      await writeCheckpoint(this.request.folder, checkpoint)
    } catch (error) {
      // Also where the next attempt took them just now.
      await this.checkIsOurs()
      throw error
    }
    this.numSaved = checkpoint.numPlanes
  }

  /** @param isKept true where the next attempt shall go on from what was saved */
  async close(isKept: boolean): Promise<void> {
    await this.saving
    for (const file of ordered(this.files)) await file.close()
    if (isKept && this.numSaved > 0) return
    await removeCheckpoint(this.request.folder)
    for (const name of Object.values(NAMES)) await rm(path.join(this.request.folder, name), { force: true })
  }
}

function ordered({ labels, probability, candidate }: Outputs): LabelFile[] {
  return [labels, probability, candidate].filter((file) => file !== null)
}

function parts({ labels, probability, candidate }: FinishedPlane) {
  return [labels, probability, candidate].filter((part) => part !== null)
}

function addTo(hash: Hash, plane: FinishedPlane): void {
  for (const { buffer, byteOffset, byteLength } of parts(plane))
    hash.update(new Uint8Array(buffer, byteOffset, byteLength))
}

/** What an attempt that is gone left. @param keepsPlanes false where its planes go, too */
async function removeOthers({ folder }: OutputRequest, keepsPlanes: boolean): Promise<void> {
  // First, so that it never speaks of files that are gone.
  if (!keepsPlanes) await removeCheckpoint(folder)
  const kept: string[] = keepsPlanes ? [CHECKPOINT_NAME, ...Object.values(NAMES)] : []
  for (const name of await readdir(folder))
    if (!kept.includes(name)) await rm(path.join(folder, name), { recursive: true, force: true })
}

async function openAll(
  { folder, keepsProbability }: OutputRequest,
  open: (file: string, as: { type?: 'uint8'; isHashed: boolean }) => Promise<LabelFile>,
): Promise<Outputs> {
  const opened: LabelFile[] = []
  const next = async (name: string, type?: 'uint8') => {
    // Only the hash of the labels is told.
    const file = await open(path.join(folder, name), { ...(type ? { type } : {}), isHashed: name === NAMES.labels })
    opened.push(file)
    return file
  }
  try {
    const labels = await next(NAMES.labels)
    if (!keepsProbability) return { labels, probability: null, candidate: null }
    return { labels, probability: await next(NAMES.probability, 'uint8'), candidate: await next(NAMES.candidate) }
  } catch (error) {
    for (const file of opened) await file.close()
    throw error
  }
}

/** The files that an earlier attempt left; null where a byte of them is not what it wrote. */
async function reopen(request: OutputRequest, checkpoint: Checkpoint): Promise<Outputs | null> {
  const { shapeZyx, dtype, ofFile } = request
  if (checkpoint.numPlanes > reordered(shapeZyx, ofFile)[0]) return null
  const files = await openAll(request, (file, { type = dtype, isHashed }) =>
    LabelFile.reopen(file, shapeZyx, type, isHashed),
  ).catch(() => null)
  if (files === null) return null
  const hash = createHash('sha256')
  try {
    for await (const plane of restoredPlanes(files, request, checkpoint.numPlanes)) addTo(hash, plane)
    if (hash.digest('hex') === checkpoint.sha256) return files
  } catch {
    // Shorter than it was: as good as none.
  }
  for (const file of ordered(files)) await file.close()
  if (request.signal.aborted) throw new DomainError('canceled')
  return null
}

async function* restoredPlanes(
  files: Outputs,
  { ofFile, signal }: Pick<OutputRequest, 'ofFile' | 'signal'>,
  numPlanes: number,
): AsyncGenerator<FinishedPlane> {
  const streams = ordered(files).map((file) => planesOf(file, ofFile, numPlanes))
  for (let i = 0; i < numPlanes; i++) {
    if (signal.aborted) throw new DomainError('canceled')
    const [labels, probability = null, candidate = null] = await Promise.all(
      streams.map(async (stream) => (await stream.next()).value),
    )
    yield { labels, probability, candidate }
  }
}
