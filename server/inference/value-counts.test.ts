import { describe, expect, it } from 'vitest'
import { ValueCounts } from './value-counts.ts'

describe.each([
  ['uint8', 255],
  ['uint16', 65535],
] as const)('counts of %s', (dtype, most) => {
  const make = (length: number) => (dtype === 'uint8' ? new Uint8Array(length) : new Uint16Array(length))

  it('are those of every voxel, in runs and alone, at every place of a word', () => {
    const whole = make(203)
    // Runs of 1 to 9 with the type's ends among them.
    for (let i = 0, run = 1; i < whole.length; i += run, run = (run % 9) + 1)
      whole.fill([0, most, 7, 128, i % 251][i % 5], i, i + run)
    const counts = new ValueCounts(dtype)
    const expected = new Map<number, number>()
    for (let start = 0; start < 9; start++) {
      for (const end of [start, start + 1, start + 2, start + 6, 190 + start]) {
        const part = whole.subarray(start, end)
        counts.add(part)
        for (const value of part) expected.set(value, (expected.get(value) ?? 0) + 1)
      }
    }
    const found = counts.result()
    expect([...found]).toEqual([...expected].sort(([a], [b]) => a - b))
  })

  it('are none of nothing', () => {
    expect(new ValueCounts(dtype).result().size).toBe(0)
  })
})
