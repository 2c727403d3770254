import { describe, expect, it } from 'vitest'
import { labelsOnLevel } from '../../../shared/mask/label-level.ts'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import {
  AS_STORED,
  type DisplayOrientation,
  orientVoxels,
  toDisplayAxes,
} from '../../../shared/volume/display-orientation.ts'
import { numVoxels, reverseTriple, type Zyx } from '../../../shared/volume/zyx.ts'
import { writeBlocks } from './label-blocks.ts'

const FILE: Zyx = [13, 9, 18]
const TURNED: DisplayOrientation = { fileAxisXyz: [2, 0, 1], isFlippedXyz: [true, false, true] }

const shown = (shape: Zyx, orientation: DisplayOrientation) =>
  reverseTriple(toDisplayAxes(reverseTriple(shape), orientation))

function setUp(factor: number, bin: number, orientation: DisplayOrientation) {
  const blockShape = blockGridShape(FILE, factor)
  const levelShape = blockGridShape(FILE, bin)
  const preview = Uint8Array.from({ length: numVoxels(blockShape) }, (_, i) => 1 + ((i * 7919) % 251))
  return {
    blocks: { slots: orientVoxels(preview, blockShape, orientation), factor, shapeZyx: shown(blockShape, orientation) },
    grid: {
      bin,
      levelShapeZyx: shown(levelShape, orientation),
      sourceShapeZyx: shown(FILE, orientation),
      orientation,
    },
    expected: orientVoxels(labelsOnLevel(preview, factor, FILE, bin, true), levelShape, orientation),
  }
}

const CASES = [
  [4, 1],
  [4, 2],
  [8, 2],
  [3, 2],
].flatMap(([factor, bin]) => [
  { factor, bin, orientation: AS_STORED, turn: 'as stored' },
  { factor, bin, orientation: TURNED, turn: 'turned' },
])

describe('writeBlocks', () => {
  it.each(CASES)('gives the level that the preview has there: blocks of $factor on $bin, $turn', (one) => {
    const { blocks, grid, expected } = setUp(one.factor, one.bin, one.orientation)
    const bitmap = new Uint8Array(expected.length)
    const written = writeBlocks(bitmap, { ...blocks, firstPlane: 0 }, grid)
    expect(bitmap).toEqual(expected)
    expect(written).toEqual({ firstPlane: 0, numPlanes: grid.levelShapeZyx[0] })
  })

  it.each(CASES)('writes only planes of the level that lie in the given ones: $factor on $bin, $turn', (one) => {
    const { blocks, grid, expected } = setUp(one.factor, one.bin, one.orientation)
    const planeVoxels = blocks.shapeZyx[1] * blocks.shapeZyx[2]
    const levelPlane = grid.levelShapeZyx[1] * grid.levelShapeZyx[2]
    for (let plane = 0; plane < blocks.shapeZyx[0]; plane++) {
      const bitmap = new Uint8Array(expected.length)
      const slots = blocks.slots.slice(plane * planeVoxels, (plane + 1) * planeVoxels)
      const { firstPlane, numPlanes } = writeBlocks(bitmap, { ...blocks, slots, firstPlane: plane }, grid)
      const [from, to] = [firstPlane * levelPlane, (firstPlane + numPlanes) * levelPlane]
      expect(bitmap.subarray(from, to)).toEqual(expected.subarray(from, to))
      expect(bitmap.findIndex((slot) => slot !== 0)).toBe(from)
      expect(bitmap.findLastIndex((slot) => slot !== 0)).toBe(to - 1)
    }
  })

  it('writes nothing where no plane changed', () => {
    const { blocks, grid, expected } = setUp(4, 2, AS_STORED)
    const bitmap = new Uint8Array(expected.length)
    expect(writeBlocks(bitmap, { ...blocks, slots: new Uint8Array(0), firstPlane: 0 }, grid).numPlanes).toBe(0)
    expect(bitmap.every((slot) => slot === 0)).toBe(true)
  })
})
