import { createHash } from 'node:crypto'
import type { Abort, ByteSource } from '../volume/header.ts'
import { openFileSource } from './file-source.ts'

/** What the bytes of a file are known by. */
export interface FileFacts {
  sizeBytes: number
  /** Of all bytes. */
  sha256: string
}

const CHUNK_BYTES = 1024 * 1024

/**
 * A file that is hashed by what is read of it anyway: who reads it from end to end has its hash at no more reads. The
 * opener closes it.
 */
export class HashedSource implements Required<ByteSource> {
  private readonly bytes: ByteSource
  private readonly hash = createHash('sha256')
  private numHashed = 0

  private constructor(bytes: ByteSource) {
    this.bytes = bytes
  }

  /** @throws {DomainError} as `openFileSource` */
  static async open(file: string): Promise<HashedSource> {
    return new HashedSource(await openFileSource(file))
  }

  get name(): string {
    return this.bytes.name
  }

  get sizeBytes(): number {
    return this.bytes.sizeBytes
  }

  async read(offset: number, length: number, signal?: Abort): Promise<Uint8Array> {
    const bytes = await this.bytes.read(offset, length, signal)
    this.see(offset, bytes)
    return bytes
  }

  async readInto(offset: number, bytes: Uint8Array, signal?: Abort): Promise<void> {
    if (this.bytes.readInto) await this.bytes.readInto(offset, bytes, signal)
    else bytes.set(await this.bytes.read(offset, bytes.length, signal))
    this.see(offset, bytes)
  }

  /** The bytes from `offset` to the end. Each part is valid until the next. */
  async *parts(offset: number): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(0, this.sizeBytes - offset)))
    for (let at = offset; at < this.sizeBytes; at += buffer.length) {
      const part = buffer.subarray(0, this.sizeBytes - at)
      await this.readInto(at, part)
      yield part
    }
  }

  /** Reads what nobody has asked for yet. The hash is complete then; call it once. */
  async finish(): Promise<FileFacts> {
    for await (const _ of this.parts(this.numHashed));
    return { sizeBytes: this.sizeBytes, sha256: this.hash.digest('hex') }
  }

  /** Bytes count once each, in their order; what lies beyond a gap counts when it is read again. */
  private see(offset: number, bytes: Uint8Array): void {
    const known = this.numHashed - offset
    if (known < 0 || known >= bytes.length) return
    this.hash.update(bytes.subarray(known))
    this.numHashed = offset + bytes.length
  }

  async close(): Promise<void> {
    await this.bytes.close()
  }
}
