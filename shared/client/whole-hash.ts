import type { PartHashes } from './part-hashes.ts'

/**
 * SHA-256 of a file whose parts are read for sending: the parts are taken in order, those that need not be sent are
 * read for the hash alone. One pass over the file instead of two.
 */
export class WholeHash {
  private nextIndex = 0
  private last: Promise<void> = Promise.resolve()
  private found: string | null = null
  private readonly hashes: PartHashes
  private readonly totalParts: number
  private readonly read: (index: number) => Promise<Uint8Array>

  constructor(hashes: PartHashes, totalParts: number, read: (index: number) => Promise<Uint8Array>) {
    this.hashes = hashes
    this.totalParts = totalParts
    this.read = read
  }

  /** Takes a part; parts come with rising index, again after a failure. Resolves once the hash has come this far. */
  take(index: number, bytes: Uint8Array): Promise<void> {
    this.last = this.last.then(() => this.upTo(index, bytes))
    this.last.catch(() => undefined)
    return this.last
  }

  /** Reads what is left. @returns hex */
  async digest(): Promise<string> {
    await this.last
    await this.upTo(this.totalParts)
    this.found ??= await this.hashes.end()
    return this.found
  }

  private async upTo(index: number, bytes?: Uint8Array): Promise<void> {
    while (this.nextIndex < index) {
      await this.hashes.add(await this.read(this.nextIndex))
      this.nextIndex++
    }
    if (bytes === undefined || this.nextIndex !== index) return
    await this.hashes.add(bytes)
    this.nextIndex++
  }
}
