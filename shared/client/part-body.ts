import { Readable } from 'node:stream'
import type { TokenBucket } from './token-bucket.ts'

/** Bytes given to the socket at once: small enough to hold a limit evenly and to see that the line still takes some. */
const SLICE_BYTES = 256 * 1024

/**
 * A part as a stream that tells what the socket takes.
 * @param onSlice called with the bytes of each slice as it is given away
 */
export function partBody(
  bytes: Uint8Array,
  bucket: TokenBucket,
  onSlice: (bytes: number) => void,
  signal: AbortSignal,
): Readable {
  async function* slices() {
    for (let at = 0, slice: Uint8Array; at < bytes.length; at += slice.length) {
      slice = bytes.subarray(at, Math.min(bytes.length, at + bucket.sliceBytes(SLICE_BYTES)))
      await bucket.take(slice.length, signal)
      onSlice(slice.length)
      yield slice
    }
  }
  return Readable.from(slices(), { objectMode: false, highWaterMark: SLICE_BYTES })
}
