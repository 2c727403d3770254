import type { FileHandle } from 'node:fs/promises'

/**
 * Writes all bytes. A disk that is nearly full, or a network drive, takes only a part at a time, and says why it takes no
 * more with the next.
 * @param at place in the file; without one, where the last write ended
 * @throws what the disk says, e.g. `ENOSPC`
 */
export async function writeFully(
  file: Pick<FileHandle, 'write'>,
  bytes: Uint8Array,
  at: number | null = null,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const place = at === null ? null : at + done
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, place)
    if (bytesWritten === 0) throw new Error(`the disk took ${done} of ${bytes.length} bytes and no more`)
    done += bytesWritten
  }
}
