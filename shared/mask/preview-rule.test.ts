import { describe, expect, it } from 'vitest'
import { blockGridShape, downsampleLabels } from './preview-rule.ts'

/** The rule once more, as plainly as it can be written. */
function plainRule(
  labels: Uint8Array | Uint16Array,
  [sz, sy, sx]: readonly [number, number, number],
  f: number,
): number[] {
  const out: number[] = []
  for (let bz = 0; bz < sz; bz += f)
    for (let by = 0; by < sy; by += f)
      for (let bx = 0; bx < sx; bx += f) {
        const inside: number[] = []
        for (let z = bz; z < Math.min(bz + f, sz); z++)
          for (let y = by; y < Math.min(by + f, sy); y++)
            for (let x = bx; x < Math.min(bx + f, sx); x++) inside.push(labels[(z * sy + y) * sx + x])
        const foreground = inside.filter((label) => label !== 0)
        const counts = new Map<number, number>()
        for (const label of foreground) counts.set(label, (counts.get(label) ?? 0) + 1)
        const ranked = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])
        out.push(foreground.length >= inside.length / 4 ? (ranked[0]?.[0] ?? 0) : 0)
      }
  return out
}

describe('downsampleLabels', () => {
  it('keeps the most frequent foreground label of a block that is a quarter foreground', () => {
    const labels = Uint8Array.from([0, 0, 0, 0, 0, 0, 2, 1])
    expect([...downsampleLabels(labels, [2, 2, 2], 2)]).toEqual([1])
    expect([...downsampleLabels(Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 1]), [2, 2, 2], 2)]).toEqual([0])
  })

  it('follows the rule for every size and factor, also where blocks are cut off', () => {
    let state = 12345
    const random = () => {
      state = (state * 1103515245 + 12345) % 2147483648
      return state / 2147483648
    }
    for (const shape of [
      [3, 5, 7],
      [8, 4, 1],
      [1, 1, 1],
      [9, 6, 13],
    ] as const)
      for (const factor of [1, 2, 3, 4, 8]) {
        const size = shape[0] * shape[1] * shape[2]
        for (const labels of [new Uint8Array(size), new Uint16Array(size)]) {
          for (let i = 0; i < size; i++) labels[i] = random() < 0.6 ? 0 : 1 + Math.floor(random() * 3)
          expect([...downsampleLabels(labels, shape, factor)]).toEqual(plainRule(labels, shape, factor))
        }
      }
  })

  it('is the same wherever the labels begin in memory, also where background ends inside a word', () => {
    for (let sx = 1; sx <= 9; sx++)
      for (let place = 0; place < 6 * sx; place++) {
        const plain = Array.from({ length: 6 * sx }, (_, i) => (i === place ? 255 : i === place + 2 ? 3 : 0))
        for (let before = 0; before < 4; before++) {
          const labels = Uint8Array.from([...new Array(before).fill(9), ...plain, 9, 9, 9]).subarray(before)
          const volume = labels.subarray(0, plain.length)
          for (const factor of [1, 2, 4])
            expect([...downsampleLabels(volume, [2, 3, sx], factor)]).toEqual(plainRule(volume, [2, 3, sx], factor))
        }
      }
  })

  it('has ceil shape', () => {
    expect(blockGridShape([5, 8, 9], 4)).toEqual([2, 2, 3])
  })
})
