import { createHash, type Hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FileHasher } from './file-hasher.ts'

const READ_BYTES = 1024 * 1024

/** Files take turns: the last of a small one need not wait for all of a large one. */
const TURN_BYTES = 8 * READ_BYTES

interface Hashing {
  file: string
  hash: Hash
  hashedBytes: number
  reachedBytes: number
  found: string | null
  /** Who waits for the hash of the first `reachedBytes`. */
  waiting: { resolve(sha256: string): void; reject(error: unknown): void }[]
}

/** Hashes in this thread, with reads that block it: meant for a thread of its own. */
export class HashFiles implements FileHasher {
  private readonly files = new Map<string, Hashing>()
  private readonly buffer = Buffer.allocUnsafe(READ_BYTES)
  private isGoing = false

  reached(key: string, file: string, bytes: number): void {
    this.want(key, file, bytes)
    void this.go()
  }

  digest(key: string, file: string, bytes: number): Promise<string> {
    const hashing = this.want(key, file, bytes)
    if (hashing.found) return Promise.resolve(hashing.found)
    return new Promise((resolve, reject) => {
      hashing.waiting.push({ resolve, reject })
      void this.go()
    })
  }

  forget(key: string): void {
    const hashing = this.files.get(key)
    this.files.delete(key)
    for (const { reject } of hashing?.waiting ?? []) reject(new Error('the file is hashed no more'))
  }

  async close(): Promise<void> {
    for (const key of [...this.files.keys()]) this.forget(key)
  }

  private want(key: string, file: string, bytes: number): Hashing {
    const made = { hash: createHash('sha256'), hashedBytes: 0, reachedBytes: 0, found: null, waiting: [] }
    const hashing = this.files.get(key) ?? { file, ...made }
    hashing.file = file
    hashing.reachedBytes = Math.max(hashing.reachedBytes, bytes)
    this.files.set(key, hashing)
    return hashing
  }

  private async go(): Promise<void> {
    if (this.isGoing) return
    this.isGoing = true
    try {
      for (let next = this.next(); next; next = this.next()) {
        this.turn(...next)
        await nextTurn()
      }
    } finally {
      this.isGoing = false
    }
  }

  private next(): [string, Hashing] | undefined {
    return [...this.files].find(
      ([, { hashedBytes, reachedBytes, waiting }]) => hashedBytes < reachedBytes || waiting.length > 0,
    )
  }

  private turn(key: string, hashing: Hashing): void {
    this.files.delete(key)
    try {
      this.read(hashing)
      const { waiting } = hashing
      if (hashing.hashedBytes === hashing.reachedBytes && waiting.length > 0) {
        hashing.found ??= hashing.hash.digest('hex')
        for (const { resolve } of waiting.splice(0)) resolve(hashing.found)
      }
      this.files.set(key, hashing)
    } catch (error) {
      for (const { reject } of hashing.waiting) reject(error)
    }
  }

  private read(hashing: Hashing): void {
    const endBytes = Math.min(hashing.reachedBytes, hashing.hashedBytes + TURN_BYTES)
    if (hashing.hashedBytes === endBytes) return
    const file = openSync(hashing.file, 'r')
    try {
      while (hashing.hashedBytes < endBytes) {
        const length = Math.min(READ_BYTES, endBytes - hashing.hashedBytes)
        const numRead = readSync(file, this.buffer, 0, length, hashing.hashedBytes)
        if (numRead === 0) throw new Error(`the file ends at byte ${hashing.hashedBytes}`)
        hashing.hash.update(this.buffer.subarray(0, numRead))
        hashing.hashedBytes += numRead
      }
    } finally {
      closeSync(file)
    }
  }
}
