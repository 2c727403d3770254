import { createHash } from 'node:crypto'

/** SHA-256 of the parts of a file and of the whole. */
export interface PartHashes {
  /** A buffer for a part, where it can be hashed without a copy. */
  allocate(length: number): Uint8Array
  /** SHA-256 of a part, base64. The bytes must stay until it is there. */
  digest(bytes: Uint8Array): Promise<string>
  /** Adds the next bytes of the whole file, which must stay until they are added. */
  add(bytes: Uint8Array): Promise<void>
  /** SHA-256 of all that was added, hex; nothing is added afterwards. */
  end(): Promise<string>
  close(): Promise<void>
}

/** Hashes in this thread. */
export function hashHere(): PartHashes {
  const whole = createHash('sha256')
  return {
    allocate: (length) => new Uint8Array(length),
    digest: async (bytes) => createHash('sha256').update(bytes).digest('base64'),
    add: async (bytes) => void whole.update(bytes),
    end: async () => whole.digest('hex'),
    close: async () => undefined,
  }
}
