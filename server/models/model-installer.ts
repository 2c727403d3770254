import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isDeepStrictEqual } from 'node:util'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { loadModelPackage, type ModelPackage } from './load-package.ts'
import { exactName, type ModelRegistry } from './model-registry.ts'
import { unpackPackage } from './unpack-package.ts'

/** Files that a package may have; the network, its description, readme, licence and a few pictures. */
const MOST_ENTRIES = 64

/** Weights hardly shrink and text to a tenth; deflate itself ends at 1032. */
const MOST_RATIO = 200

/** What a package is called whose manifest is not read yet. */
const UPLOADED = 'of this upload'

/** Inside the folder of installed models: archives and packages that are not ready, or on their way out. */
const INCOMING = '.incoming'

export interface ModelInstallerNeeds {
  registry: ModelRegistry
  /** Where installed packages lie, as `<id>/<version>`. */
  folder: string
  /** Largest archive, and largest package once unpacked. */
  maxBytes: number
  /** Runs the network of an unpacked package. @throws {DomainError} `model_invalid` and others where it may not be used */
  tryModel: (folder: string, signal: AbortSignal) => Promise<unknown>
  /** An unfinished job that runs this version of a model, or null. */
  unfinishedOfModel: (id: string, version: string) => Promise<string | null>
  newId: () => string
}

/**
 * Puts packages of strangers into the registry and takes them out again.
 * A package is received → unpacked → checked → tried → renamed into its place → offered; where a step fails, nothing of it
 * stays. One package is handled at a time; receiving waits for nobody.
 */
export class ModelInstaller {
  private readonly needs: ModelInstallerNeeds
  private readonly stopping = new AbortController()
  private last: Promise<unknown> = Promise.resolve()

  constructor(needs: ModelInstallerNeeds) {
    this.needs = needs
  }

  /** Removes what a former process left half done. */
  async start(): Promise<void> {
    await rm(this.incoming(), { recursive: true, force: true })
  }

  /** Gives up what is going on. */
  async stop(): Promise<void> {
    this.stopping.abort()
    await this.last.catch(() => undefined)
  }

  /**
   * Installs the package in a zip archive. The same package once more changes nothing.
   * @param body the bytes of the archive; read to its end or abandoned
   * @param lengthBytes as announced, or null
   * @param left aborted when nobody waits for the answer any more: a package that is not in its place by then is given up
   * @throws {DomainError} `payload_too_large`, `model_archive_invalid`, `model_invalid`, `model_exists`, `disk_full`,
   * `model_feature_unsupported`, `canceled`
   */
  async install(
    body: Readable,
    lengthBytes: number | null,
    left?: AbortSignal,
  ): Promise<{ model: ModelPackage; isNew: boolean }> {
    if (lengthBytes !== null) this.checkSize(lengthBytes)
    const signal = left ? AbortSignal.any([this.stopping.signal, left]) : this.stopping.signal
    const place = path.join(this.incoming(), this.needs.newId())
    await mkdir(place, { recursive: true, mode: 0o700 })
    try {
      const archive = path.join(place, 'package.zip')
      await this.receive(body, archive)
      return await this.inTurn(() => this.adopt(archive, path.join(place, 'package'), signal))
    } finally {
      await rm(place, { recursive: true, force: true })
    }
  }

  /**
   * Removes an installed model.
   * @param version null where the model has one version only
   * @throws {DomainError} `model_not_found`, `model_in_use`, `model_not_removable`, `request_invalid`
   */
  remove(id: string, version: string | null): Promise<void> {
    return this.inTurn(async () => {
      const model = this.choose(id, version)
      const name = exactName(id, model.manifest.version)
      if (!this.needs.registry.isInstalled(model)) throw new DomainError('model_not_removable', { model: name })
      const jobId = await this.needs.unfinishedOfModel(id, model.manifest.version)
      if (jobId !== null) throw new DomainError('model_in_use', { model: name, jobId })
      const gone = path.join(this.incoming(), this.needs.newId())
      await mkdir(this.incoming(), { recursive: true, mode: 0o700 })
      await rename(model.folder, gone)
      this.needs.registry.remove(model)
      // Goes only with its last version.
      await rmdir(path.dirname(model.folder)).catch(() => undefined)
      await rm(gone, { recursive: true, force: true })
    })
  }

  private choose(id: string, version: string | null): ModelPackage {
    const { registry } = this.needs
    if (version !== null) return registry.get(exactName(id, version))
    const installed = registry.versions(id).filter((one) => registry.isInstalled(one))
    if (installed.length > 1) {
      const versions = installed.map(({ manifest }) => manifest.version).join(', ')
      throw new DomainError('request_invalid', { reason: `the model ${id} has the versions ${versions}; name one` })
    }
    return installed[0] ?? registry.get(id)
  }

  private async receive(body: Readable, archive: string): Promise<void> {
    let receivedBytes = 0
    const counted = passedOn(body, (bytes) => {
      receivedBytes += bytes
      this.checkSize(receivedBytes)
    })
    try {
      await pipeline(counted, createWriteStream(archive, { flags: 'wx', mode: 0o600 }), {
        signal: this.stopping.signal,
      })
    } catch (cause) {
      throw this.explain(cause, receivedBytes)
    }
  }

  private async adopt(
    archive: string,
    unpacked: string,
    signal: AbortSignal,
  ): Promise<{ model: ModelPackage; isNew: boolean }> {
    const { registry, maxBytes } = this.needs
    try {
      signal.throwIfAborted()
      const limits = { entries: MOST_ENTRIES, totalBytes: maxBytes, ratio: MOST_RATIO }
      await unpackPackage(archive, unpacked, limits, signal)
      await rm(archive)
      const tried = await loadModelPackage(unpacked, UPLOADED)
      const { manifest } = tried
      const known = registry.find(manifest.id, manifest.version)
      if (known && !isDeepStrictEqual(known.manifest, manifest))
        throw new DomainError('model_exists', { model: manifest.id, version: manifest.version })
      if (known) return { model: known, isNew: false }
      this.refuseSameFolder(manifest.id, manifest.version)
      signal.throwIfAborted()
      await this.needs.tryModel(unpacked, signal)
      const folder = path.join(this.needs.folder, manifest.id, manifest.version)
      await mkdir(path.dirname(folder), { recursive: true, mode: 0o700 })
      // What lies there is not offered: a package that was damaged, or one that a model folder took over.
      await rm(folder, { recursive: true, force: true })
      await rename(unpacked, folder)
      const model = { ...tried, folder }
      registry.add(model)
      return { model, isNew: true }
    } catch (cause) {
      throw signal.aborted ? new DomainError('canceled', { cause }) : this.explain(cause, maxBytes)
    }
  }

  /** Disks of Macs and of Windows take `1.0-RC` for `1.0-rc`. @throws {DomainError} `model_exists` */
  private refuseSameFolder(id: string, added: string): void {
    const versions = this.needs.registry.versions(id).map(({ manifest }) => manifest.version)
    const version = versions.find((one) => one.toLowerCase() === added.toLowerCase())
    if (version !== undefined) throw new DomainError('model_exists', { model: id, version })
  }

  private checkSize(bytes: number): void {
    if (bytes > this.needs.maxBytes) throw new DomainError('payload_too_large', { limitBytes: this.needs.maxBytes })
  }

  private explain(cause: unknown, neededBytes: number): unknown {
    if (cause instanceof DomainError) return cause
    if (this.stopping.signal.aborted) return new DomainError('canceled', { cause })
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOSPC') return new DomainError('disk_full', { neededBytes, freeBytes: 0, cause })
    if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
      return new DomainError('request_invalid', { reason: 'the connection ended before the archive did', cause })
    return cause
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.last
      .catch(() => undefined)
      .then(() => {
        if (this.stopping.signal.aborted) throw new DomainError('canceled')
        return work()
      })
    this.last = mine
    return mine
  }

  private incoming(): string {
    return path.join(this.needs.folder, INCOMING)
  }
}

/** The chunks of a stream. Whoever sends is told why we stopped reading, so the connection outlives us. */
async function* passedOn(body: Readable, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    onBytes(chunk.length)
    yield chunk
  }
}
