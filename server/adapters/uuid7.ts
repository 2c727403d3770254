import { randomBytes } from 'node:crypto'

/** Ids of one millisecond are counted in 12 bits; beyond that the next millisecond is taken in advance. */
const MOST_OF_ONE_MS = 0xfff

/**
 * Makes UUIDv7: 48 bits of milliseconds, 12 of a counter, then random bits. Each sorts after those before it, also within
 * a millisecond and when the clock is set back: pages of lists rest on that.
 * @see RFC 9562 §5.7 and §6.2, method 1
 */
export function createUuid7(now: () => number = Date.now): () => string {
  let lastMs = 0
  let counter = 0
  return () => {
    const nowMs = now()
    counter = nowMs > lastMs ? 0 : counter + 1
    lastMs = Math.max(nowMs, lastMs)
    if (counter > MOST_OF_ONE_MS) {
      counter = 0
      lastMs++
    }
    return formatted(lastMs, counter)
  }
}

function formatted(ms: number, counter: number): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(ms, 0, 6)
  bytes.writeUInt16BE(0x7000 | counter, 6)
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
