import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasSharedData, SHARED_DATA } from '../../build/test-support/shared-data.ts'
import { roundHalfEven } from './round-half-even.ts'
import { numTilesOfGrid, tileGrid, tileStarts } from './tile-starts.ts'

describe('tileStarts', () => {
  it('spreads the tiles evenly when the step does not divide the volume', () => {
    expect(tileStarts(100, 64, 0.5)).toEqual([0, 18, 36])
  })

  it('gives one tile when the volume is as large as the tile', () => {
    expect(tileStarts(64, 64, 0.5)).toEqual([0])
  })

  it('refuses a tile larger than the volume and a step outside (0, 1]', () => {
    expect(() => tileStarts(63, 64, 0.5)).toThrow(expect.objectContaining({ code: 'tile_exceeds_volume' }))
    expect(() => tileStarts(100, 64, 0)).toThrow(expect.objectContaining({ code: 'step_out_of_range' }))
    expect(() => tileStarts(100, 64, 1.01)).toThrow(expect.objectContaining({ code: 'step_out_of_range' }))
  })

  it.runIf(hasSharedData)('agrees with every run of the nnU-Net code in the shared unit vectors', () => {
    const units = JSON.parse(readFileSync(path.join(SHARED_DATA, 'nnunet/units/units.json'), 'utf8'))
    for (const { image, patch, step, starts } of units.steps) {
      expect(tileGrid(image, patch, step).starts).toEqual(starts)
    }
    expect(units.steps.length).toBeGreaterThan(5)
  })
})

describe('tileGrid', () => {
  it('pads centred with the smaller half below', () => {
    const grid = tileGrid([40, 51, 140], [48, 64, 64], 0.5)
    expect(grid.paddedShapeZyx).toEqual([48, 64, 140])
    expect(grid.padBelowZyx).toEqual([4, 6, 0])
    expect(grid.numTiles).toBe(1 * 1 * 4)
  })
})

describe('numTilesOfGrid', () => {
  it('counts what tileGrid places', () => {
    for (const step of [0.01, 0.1, 0.3, 0.5, 0.75, 1])
      for (let size = 1; size < 60; size += 7) {
        const [shape, patch] = [[size, size + 13, 2 * size] as const, [8, 16, 11] as const]
        expect(numTilesOfGrid(shape, patch, step)).toBe(tileGrid(shape, patch, step).numTiles)
      }
  })

  it('counts more tiles than there is memory for', () => {
    expect(numTilesOfGrid([72, 64, 64], [64, 64, 64], 1e-12)).toBeGreaterThan(1e11)
  })
})

it('rounds halves to even', () => {
  expect([0.5, 1.5, 2.5, 0.49, 2.4, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, 0, 2, 3])
})
