import { describe, expect, it } from 'vitest'
import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { gaussianImportance } from '../../shared/volume/importance-map.ts'
import { tileGrid } from '../../shared/volume/tile-starts.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { manifestOf, run, unevenNetwork, valuesOf, volume } from '../test/run-here.ts'

interface Case {
  shape: Zyx
  patch: Zyx
  step: number
}

/** Small patches and steps: where these round to less than a voxel, nnU-Net lets several tiles begin at the same one. */
const CASES: Case[] = [
  { shape: [8, 16, 16], patch: [1, 16, 16], step: 0.5 },
  { shape: [9, 16, 17], patch: [2, 16, 16], step: 0.25 },
  { shape: [8, 17, 16], patch: [8, 1, 16], step: 0.5 },
  { shape: [8, 16, 17], patch: [8, 16, 1], step: 0.5 },
  { shape: [9, 18, 16], patch: [4, 2, 16], step: 0.25 },
  { shape: [7, 9, 8], patch: [1, 1, 1], step: 0.5 },
  { shape: [7, 5, 4], patch: [3, 2, 1], step: 0.15 },
  { shape: [34, 10, 9], patch: [32, 8, 8], step: 0.03 },
]

const nameOf = ({ shape, patch, step }: Case) => `${shape.join('×')} in ${patch.join('×')}, step ${step}`

function manifestFor({ patch, step }: Case): ModelManifest {
  return manifestOf({
    tiles: { ...manifestOf().tiles, patch_zyx: [...patch], divisible_by_zyx: [1, 1, 1], step, gaussian: true },
  })
}

/** Sums over whole arrays, tile after tile. Where the two channels are nearly equal rounding decides: null. */
async function byDefinition({ shape, patch, step }: Case): Promise<(number | null)[]> {
  const { starts } = tileGrid(shape, patch, step)
  const weights = gaussianImportance(patch, manifestOf().tiles.sigma_scale)
  const values = valuesOf(shape)
  const sums = new Float64Array(numVoxels(shape))
  const places = Array.from({ length: numVoxels(patch) }, (_, i) => [
    Math.floor(i / (patch[1] * patch[2])),
    Math.floor(i / patch[2]) % patch[1],
    i % patch[2],
  ])
  for (const z of starts[0])
    for (const y of starts[1])
      for (const x of starts[2]) {
        const voxels = places.map(([pz, py, px]) => ((z + pz) * shape[1] + y + py) * shape[2] + x + px)
        const tile = Float32Array.from(voxels, (voxel) => values[voxel])
        const output = await unevenNetwork.run(tile, [1, 1, ...patch])
        for (const [i, voxel] of voxels.entries()) sums[voxel] += weights[i] * (output[voxels.length + i] - output[i])
      }
  return Array.from(sums, (sum) => (Math.abs(sum) < 1e-3 ? null : sum > 0 ? 1 : 0))
}

describe.each(CASES)('tiles that begin at the same voxel: $shape in $patch, step $step', (one) => {
  it.each<[string, Partial<EffectiveParams>]>([
    ['one at a time', {}],
    ['several at once', { batch: 3 }],
    ['with a draft', { draft: true }],
    ['with sums in a file', { spill: true }],
  ])('give the sums of all of them, %s', async (_how, params) => {
    const expected = await byDefinition(one)
    const file = await volume('a.mrc', one.shape)
    const { labels } = await run([file], manifestFor(one), params)
    const wrong = expected.filter((label, i) => label !== null && label !== labels[i]).length
    expect(wrong).toBe(0)
    expect(expected.filter((label) => label === null).length).toBeLessThan(expected.length / 4)
    expect(new Set(labels).size).toBe(2)
  })

  it('go on where an earlier attempt was stopped', async () => {
    const file = await volume('a.mrc', one.shape)
    const options = { outName: 'out', sha256: 'a'.repeat(64), saveIntervalMs: 0 }
    const expected = await run([file], manifestFor(one))
    const { numTiles } = tileGrid(one.shape, one.patch, one.step)
    let numRuns = 0
    const failing = {
      ...unevenNetwork,
      run: async (input: Float32Array, shape: readonly number[]) => {
        if (++numRuns > 0.7 * numTiles) throw new Error(`the device is gone ${nameOf(one)}`)
        return unevenNetwork.run(input, shape)
      },
    }
    await expect(run([file], manifestFor(one), {}, failing, options)).rejects.toThrow('the device is gone')
    const found = await run([file], manifestFor(one), {}, unevenNetwork, options)
    expect(found.sha256).toBe(expected.sha256)
    expect(found.labels).toEqual(expected.labels)
  })
})
