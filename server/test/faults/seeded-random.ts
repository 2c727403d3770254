/** Numbers that depend on a seed and a name only, so that a run can be repeated. */
export interface Random {
  /** From 0, below 1. */
  next(): number
  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number
  pick<T>(items: readonly T[]): T
  bytes(length: number): Uint8Array
  /** Numbers of their own for a part of the run: what one part draws does not move another. */
  fork(name: string): Random
}

/** mulberry32: 32 bits of state are enough to choose faults. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    whole,
    pick: (items) => items[whole(0, items.length - 1)],
    bytes: (length) => Uint8Array.from({ length }, () => whole(0, 255)),
    fork: (name) => seededRandom(seed ^ hashOf(name)),
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
