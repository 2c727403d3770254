import { expect, it } from 'vitest'
import { gaussianImportance, gaussianReach } from '../../shared/volume/importance-map.ts'
import { type TileGrid, tileGrid } from '../../shared/volume/tile-starts.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { thresholdManifest } from '../test/threshold-model.ts'
import { runSlidingWindow } from './sliding-window.ts'
import { StageClock } from './stage-clock.ts'
import { sumsOfWeights } from './tile-weights.ts'

/** The weights of all tiles, added up voxel by voxel. */
function directSums(weights: Float32Array, [, py, px]: Zyx, { starts, paddedShapeZyx }: TileGrid): Float64Array {
  const [, sy, sx] = paddedShapeZyx
  const sums = new Float64Array(numVoxels(paddedShapeZyx))
  for (const z of starts[0])
    for (const y of starts[1])
      for (const x of starts[2])
        for (let i = 0; i < weights.length; i++) {
          const [dz, dy, dx] = [Math.floor(i / (py * px)), Math.floor(i / px) % py, i % px]
          sums[((z + dz) * sy + y + dy) * sx + x + dx] += weights[i]
        }
  return sums
}

const PATCH: Zyx = [12, 16, 20]
const SHAPE: Zyx = [15, 33, 41]

it.each([0.01, 0.05, 0.08, 0.1, 0.12, 0.125, 0.3])(
  'sums the weights that the tiles have at a sigma of %f patches, borders and corners included',
  (sigmaScale) => {
    const grid = tileGrid(SHAPE, PATCH, 0.5)
    const weights = gaussianImportance(PATCH, sigmaScale)
    const direct = directSums(weights, PATCH, grid)
    const sumAt = sumsOfWeights(weights, PATCH, grid, gaussianReach(PATCH, sigmaScale))
    const [, sy, sx] = grid.paddedShapeZyx
    const worst = direct.reduce((most, sum, i) => {
      const found = sumAt(Math.floor(i / (sy * sx)))(Math.floor(i / sx) % sy, i % sx)
      return Math.max(most, Math.abs(found / sum - 1))
    }, 0)
    expect(worst).toBeLessThan(1e-5)
    const row = new Float32Array(sx)
    for (let z = 0; z < grid.paddedShapeZyx[0]; z++)
      for (let y = 0; y < sy; y++) {
        sumAt(z).row?.(y, row)
        expect([...row]).toEqual(Array.from(row, (_, x) => Math.fround(sumAt(z)(y, x))))
      }
  },
)

it.each([0.1, 0.125])(
  'gives back the mean of the network at every voxel at a sigma of %f patches',
  async (sigmaScale) => {
    const base = thresholdManifest()
    const manifest = thresholdManifest({
      output: { ...base.output, channels: 1 },
      tiles: { ...base.tiles, patch_zyx: [...PATCH], sigma_scale: sigmaScale },
    })
    const plane = new Float32Array(SHAPE[1] * SHAPE[2])
    let worst = 0
    let numPlanes = 0
    await runSlidingWindow(
      {
        planes: { shapeZyx: SHAPE, numChannels: 1, next: async () => plane },
        ofModel: [0, 1, 2],
        session: { run: async (input) => input.map(() => 7), release: async () => undefined },
        manifest,
        params: { patch_zyx: [...PATCH], step: 0.5, mirror_axes: [] },
        clock: new StageClock(),
        signal: new AbortController().signal,
      },
      {
        tileDone: () => undefined,
        rowDone: async () => undefined,
        planeDone: async (sums, weights, { sizeYx: [sizeY, sizeX] }) => {
          numPlanes++
          for (let y = 0; y < sizeY; y++)
            for (let x = 0; x < sizeX; x++)
              worst = Math.max(worst, Math.abs(sums[y * sizeX + x] / weights(y, x) / 7 - 1))
        },
      },
    )
    expect(numPlanes).toBe(SHAPE[0])
    expect(worst).toBeLessThan(1e-5)
  },
)
