import { expect, it } from 'vitest'
import { BlockNeighbours, keepNearBlocks } from './near-blocks.ts'

it('keeps labels of blocks that hold the same, or lie beside one that does', () => {
  // Blocks of 2: the level of a volume of 3 × 5 × 13 voxels is 2 × 3 × 7; only the block at x 2 holds a label.
  const level = new Uint16Array(2 * 3 * 7)
  level[2] = 9
  const blocks = new BlockNeighbours({ bin: 2, labels: level }, [3, 5, 13])
  const row = new Uint16Array(13).fill(9)
  keepNearBlocks(row, { startZyx: [2, 3, 0], shapeZyx: [1, 1, 13] }, blocks)
  expect([...row]).toEqual([0, 0, 9, 9, 9, 9, 9, 9, 0, 0, 0, 0, 0])
  const other = new Uint16Array(13).fill(8)
  keepNearBlocks(other, { startZyx: [2, 3, 0], shapeZyx: [1, 1, 13] }, blocks)
  expect([...other].every((label) => label === 0)).toBe(true)
  const below = new Uint16Array(13).fill(9)
  keepNearBlocks(below, { startZyx: [0, 4, 0], shapeZyx: [1, 1, 13] }, blocks)
  expect([...below].every((label) => label === 0)).toBe(true)
})
