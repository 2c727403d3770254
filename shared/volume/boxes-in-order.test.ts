import { describe, expect, it } from 'vitest'
import { boxesInOrder } from './boxes-in-order.ts'
import { numVoxels, type Zyx } from './zyx.ts'

const SHAPE: Zyx = [3, 5, 7]

describe('boxesInOrder', () => {
  it('fills a volume in z, y, x order, whatever a box may hold', () => {
    for (let maxVoxels = 1; maxVoxels <= 110; maxVoxels++) {
      const found: number[] = []
      for (const { startZyx, shapeZyx } of boxesInOrder(SHAPE, maxVoxels)) {
        expect(numVoxels(shapeZyx)).toBeLessThanOrEqual(maxVoxels)
        for (let z = 0; z < shapeZyx[0]; z++)
          for (let y = 0; y < shapeZyx[1]; y++)
            for (let x = 0; x < shapeZyx[2]; x++)
              found.push(((startZyx[0] + z) * 5 + startZyx[1] + y) * 7 + startZyx[2] + x)
      }
      expect(found).toEqual(Array.from({ length: 105 }, (_, i) => i))
    }
  })

  it('takes whole planes where they fit', () => {
    const shapes = [...boxesInOrder(SHAPE, 70)].map(({ shapeZyx }) => shapeZyx)
    expect(shapes).toEqual([
      [2, 5, 7],
      [1, 5, 7],
    ])
  })
})
