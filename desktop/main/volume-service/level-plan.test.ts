import { describe, expect, it } from 'vitest'
import { binThatFits, levelBoxes } from './level-plan.ts'

describe('binThatFits', () => {
  it('takes the finest level within voxels and axis', () => {
    expect(binThatFits([10, 20, 30], 6000, 2048)).toBe(1)
    expect(binThatFits([10, 20, 30], 5999, 2048)).toBe(2)
    expect(binThatFits([10, 20, 30], 6000, 29)).toBe(2)
    expect(binThatFits([464, 960, 928], 16 * 2 ** 20, 2048)).toBe(4)
  })
})

describe('levelBoxes', () => {
  it('covers every voxel once, aligned to blocks, within the limit', () => {
    for (const bin of [1, 2, 4])
      for (const most of [40, 200, 5000]) {
        const seen = new Uint8Array(9 * 6 * 5)
        for (const { startZyx, shapeZyx } of levelBoxes([9, 6, 5], bin, most)) {
          expect(startZyx.map((start) => start % bin)).toEqual([0, 0, 0])
          for (let z = 0; z < shapeZyx[0]; z++)
            for (let y = 0; y < shapeZyx[1]; y++)
              for (let x = 0; x < shapeZyx[2]; x++)
                seen[((startZyx[0] + z) * 6 + startZyx[1] + y) * 5 + startZyx[2] + x]++
        }
        expect(seen.every((times) => times === 1)).toBe(true)
      }
  })
})
