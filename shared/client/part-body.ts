import { Readable } from 'node:stream'
import type { TokenBucket } from './token-bucket.ts'

/** Bytes given to the socket at once: small enough to hold a limit evenly and to see that the line still takes some. */
const SLICE_BYTES = 256 * 1024

/** A line that takes a slice this fast gets larger ones: each costs a turn of the loop. */
const FAST_MS = 30
const LARGEST_SLICE_BYTES = 4 * 1024 * 1024

/** A line that takes this long for a slice gets small ones again. */
const SLOW_MS = 500

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
    let most = SLICE_BYTES
    for (let at = 0, slice: Uint8Array; at < bytes.length; at += slice.length) {
      slice = bytes.subarray(at, Math.min(bytes.length, at + bucket.sliceBytes(most)))
      await bucket.take(slice.length, signal)
      onSlice(slice.length)
      const givenMs = performance.now()
      yield slice
      const tookMs = performance.now() - givenMs
      if (tookMs < FAST_MS) most = Math.min(LARGEST_SLICE_BYTES, 2 * most)
      else if (tookMs > SLOW_MS) most = SLICE_BYTES
    }
  }
  return Readable.from(slices(), { objectMode: false, highWaterMark: SLICE_BYTES })
}
