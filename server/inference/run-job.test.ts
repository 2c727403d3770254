import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { manifestOf, run, SHAPE, unevenNetwork, valuesOf, volume } from '../test/run-here.ts'
import { fakeThresholdNetwork, THRESHOLD } from '../test/threshold-model.ts'
import { chooseAxisOrder, inverse, reordered } from './axis-order.ts'
import type { NetworkSession } from './network-session.ts'
import { transposed } from './reordered-source.ts'

describe('transposition', () => {
  it.each([[[2, 0, 1]], [[1, 0, 2]], [[2, 1, 0]], [[0, 2, 1]]] as [[number, number, number]][])(
    '%j gives the mask of the transposed volume',
    async (forward) => {
      const backward = inverse(forward) as [number, number, number]
      const values = valuesOf(SHAPE)
      const plain = await volume('plain.mrc', SHAPE, values)
      const turned = await volume('turned.mrc', reordered(SHAPE, forward), transposed(values, SHAPE, forward))
      const axes = { transpose_forward: [...forward] as [number, number, number], transpose_backward: backward }
      const found = await run([plain], manifestOf({ axes }), { mirror_axes: ['z'] })
      const expected = await run([turned], manifestOf(), { mirror_axes: ['z'] })
      const back = transposed(Uint8Array.from(expected.labels), reordered(SHAPE, forward), backward)
      expect(found.labels.filter((label) => label === 1).length).toBeGreaterThan(100)
      expect(found.labels).toEqual([...back])
      expect(found.previews.at(-1)?.source_shape_zyx).toEqual([...SHAPE])
    },
  )

  it('refuses axes that are none', async () => {
    const axes = { transpose_forward: [0, 2, 1], transpose_backward: [0, 1, 2] } as ModelManifest['axes']
    await expect(run([await volume('a.mrc', SHAPE)], manifestOf({ axes }))).rejects.toMatchObject({
      code: 'model_feature_unsupported',
    })
  })
})

it('refuses logits on splines, which are clipped to a range known only at the end', async () => {
  const base = manifestOf()
  const resampling = { ...base.resampling, logits: { order: 3, order_z: 0 } }
  const spacing = { target_zyx: [2, 2, 2], unit: 'angstrom', policy: 'resample' } as ModelManifest['spacing']
  await expect(run([await volume('a.mrc', SHAPE)], manifestOf({ resampling, spacing }))).rejects.toMatchObject({
    code: 'model_feature_unsupported',
  })
  // Where nothing is ever resampled the order means nothing.
  await run([await volume('a.mrc', SHAPE)], manifestOf({ resampling }))
})

describe('the axis that planes are streamed along', () => {
  const shape: Zyx = [24, 512, 512]
  const flat = manifestOf()
  flat.tiles = { ...flat.tiles, patch_zyx: [24, 16, 16], step: 1, gaussian: false }

  it('is y where that saves much of the ring, and the mask is the same', async () => {
    const header = { shapeZyx: shape, voxelSizeZyx: null, unit: null }
    expect(chooseAxisOrder(flat, header, [24, 16, 16])).toEqual({ ofFile: [1, 0, 2], ofModel: [1, 0, 2] })
    expect(chooseAxisOrder(flat, { ...header, shapeZyx: SHAPE }, [8, 12, 16]).ofFile).toEqual([0, 1, 2])
    const values = valuesOf(shape)
    const session = await fakeThresholdNetwork().createSession({} as never)
    const found = await run([await volume('a.mrc', shape, values)], flat, {}, session)
    expect(found.labels.findIndex((label, i) => label !== Number(values[i] > THRESHOLD))).toBe(-1)
    expect(found.previews.at(-1)).toMatchObject({ shape_zyx: [6, 128, 128], source_shape_zyx: [...shape] })
    expect((await found.read('candidate.mrc')).every((label) => label === 1)).toBe(true)
  }, 60_000)
})

describe('several channels', () => {
  const two = manifestOf({ input: { ...manifestOf().input, channels: 2 } })
  two.normalization = [two.normalization[0], { ...two.normalization[0], channel: 'second', invert_contrast: true }]

  it('are normalised one by one and reach the network in their order', async () => {
    const [a, b] = [valuesOf(SHAPE, 1), valuesOf(SHAPE, 2)]
    const files = [await volume('a.mrc', SHAPE, a), await volume('b.mrc', SHAPE, b)]
    const even: NetworkSession = {
      run: async (input) => {
        const patchVox = input.length / 2
        const output = new Float32Array(2 * patchVox)
        for (let i = 0; i < patchVox; i++) output[patchVox + i] = input[i] + 2 * input[patchVox + i] - 0.5
        return output
      },
      release: async () => undefined,
    }
    const { labels } = await run(files, two, {}, even)
    expect(labels).toEqual(Array.from(a, (value, i) => (value - 2 * b[i] > 0.5 ? 1 : 0)))
  })

  it('must be as many as the model takes, on one grid', async () => {
    const files = [await volume('a.mrc', SHAPE), await volume('b.mrc', [13, 22, 30])]
    await expect(run(files.slice(0, 1), two)).rejects.toMatchObject({ code: 'model_channels' })
    await expect(run(files, two)).rejects.toMatchObject({ code: 'volumes_not_on_one_grid' })
  })
})

describe('a draft', () => {
  it('previews the whole volume first, runs no tile twice and leaves the bytes as they are', async () => {
    const shape: Zyx = [20, 40, 50]
    const file = await volume('a.mrc', shape)
    let runs = 0
    const counting: NetworkSession = {
      ...unevenNetwork,
      run: (...args) => {
        runs++
        return unevenNetwork.run(...args)
      },
    }
    const plain = await run([file], manifestOf(), {}, counting)
    const plainRuns = runs
    runs = 0
    const drafted = await run([file], manifestOf(), { draft: true }, counting)
    expect(runs).toBe(plainRuns)
    expect(drafted.sha256).toBe(plain.sha256)
    expect(drafted.labels).toEqual(plain.labels)
    expect(drafted.tilesReported).toBe(plain.tilesReported)
    expect(drafted.previews[0]).toMatchObject({ stage: 'draft', coverage: 1, shape_zyx: [5, 10, 13] })
    expect(plain.previews[0].stage).toBe('final_planes')
  })
})

describe('a draft that is asked for', () => {
  it('shows what is above the threshold of the job, as the mask does', async () => {
    const shape: Zyx = [20, 40, 50]
    const file = await volume('a.mrc', shape)
    const session = await fakeThresholdNetwork().createSession({} as never)
    const asked = { draft: true, threshold: 0.99999, probability: false }
    const { previews, payloads, labels } = await run([file], manifestOf(), asked, session)
    expect([previews[0].stage, previews.at(-1)?.stage]).toEqual(['draft', 'postprocessed'])
    expect(labels.filter((label) => label > 0).length).toBeGreaterThan(1000)
    // The network does not see tiles, so that half of them show the whole mask.
    expect(gunzipSync(payloads[0]).equals(gunzipSync(payloads[payloads.length - 1]))).toBe(true)
    const plain = await run([file], manifestOf(), { draft: true }, session)
    expect(gunzipSync(plain.payloads[0]).equals(gunzipSync(payloads[0]))).toBe(false)
  })

  it.each([
    ['previews are off', [20, 40, 50], { preview_factor: null }, /^Previews are off/],
    ['it would need all tiles', [8, 12, 16], {}, /need all tiles of the job/],
  ] as const)('is left out with a warning where %s', async (_why, shape, params, message) => {
    const found = await run([await volume('a.mrc', [...shape])], manifestOf(), { ...params, draft: true })
    expect(found.messages.filter((text) => message.test(text))).toHaveLength(1)
    expect(found.warnings).toContain('draft_skipped')
    expect(found.previews.map(({ stage }) => stage)).not.toContain('draft')
  })
})

describe('sums in a scratch file', () => {
  it('give the same bytes and leave no file', async () => {
    const file = await volume('a.mrc', SHAPE)
    const plain = await run([file], manifestOf(), { mirror_axes: ['y'] })
    const spilled = await run([file], manifestOf(), { mirror_axes: ['y'], spill: true })
    expect(spilled.sha256).toBe(plain.sha256)
    expect(await spilled.read('probability.mrc')).toEqual(await plain.read('probability.mrc'))
  })
})

describe('what may be asked of the result', () => {
  it('says the grid of the network where that of the whole volume is meant', async () => {
    const file = await volume('a.mrc', SHAPE)
    const spacing = { target_zyx: [5, 5, 5], unit: 'angstrom', policy: 'resample' } as ModelManifest['spacing']
    const whole = await run([file], manifestOf({ spacing }))
    expect(whole.messages.join()).toMatch(
      /the network ran at 5 × 5 × 5 angstrom \(z, y, x\), on \d+ × \d+ × \d+ voxels/,
    )
    const roi: EffectiveParams['roi_zyx'] = [
      [0, 8],
      [0, 12],
      [0, 16],
    ]
    const part = await run([file], manifestOf({ spacing }), { roi_zyx: roi })
    expect(part.messages.join()).toMatch(/the network ran at 5 × 5 × 5 angstrom \(z, y, x\)\./)
  })

  it('segments a region with the statistics of the whole', async () => {
    const values = valuesOf(SHAPE)
    const file = await volume('a.mrc', SHAPE, values)
    const session = await fakeThresholdNetwork().createSession({} as never)
    const { labels } = await run(
      [file],
      manifestOf(),
      {
        roi_zyx: [
          [2, 9],
          [5, 21],
          [0, 30],
        ],
      },
      session,
    )
    const expected = Array.from(values, (value, i) => {
      const [z, y, x] = [Math.floor(i / (22 * 31)), Math.floor(i / 31) % 22, i % 31]
      return z >= 2 && z < 9 && y >= 5 && y < 21 && x < 30 && value > THRESHOLD ? 1 : 0
    })
    expect(labels).toEqual(expected)
  })

  it('refuses a region in which a model that crops sees nothing', async () => {
    const values = new Int16Array(numVoxels(SHAPE))
    values.fill(5, 0, 4 * 22 * 31)
    const file = await volume('a.mrc', SHAPE, values)
    const region = {
      roi_zyx: [
        [8, 12],
        [0, 22],
        [0, 31],
      ],
    } as Partial<EffectiveParams>
    await expect(run([file], manifestOf({ crop: { nonzero: true } }), region)).rejects.toMatchObject({
      code: 'roi_out_of_range',
    })
  })

  it('keeps the probability of the best foreground label, and thresholds it', async () => {
    const values = valuesOf(SHAPE)
    const file = await volume('a.mrc', SHAPE, values)
    const session = await fakeThresholdNetwork().createSession({} as never)
    const plain = await run([file], manifestOf(), {}, session)
    expect(plain.artifacts).toEqual(expect.arrayContaining(['probability.mrc', 'candidate.mrc']))
    // Logits are t − x and x − t: their softmax is the sigmoid of 2 (x − t).
    const probability = Array.from(values, (value) => Math.round(255 / (1 + Math.exp(-2 * (value - THRESHOLD)))))
    expect(await plain.read('probability.mrc')).toEqual(probability)
    const high = await run([file], manifestOf(), { threshold: 0.9, probability: false }, session)
    expect(high.artifacts).not.toContain('probability.mrc')
    expect(high.labels).toEqual(probability.map((p) => (p / 255 >= 0.9 ? 1 : 0)))
  })
})

describe('the non-zero mask of a z-score', () => {
  it('takes holes in, as nnU-Net does', async () => {
    const shape: Zyx = [9, 11, 13]
    const values = new Int16Array(numVoxels(shape))
    const at = (z: number, y: number, x: number) => (z * 11 + y) * 13 + x
    for (let z = 2; z < 7; z++)
      for (let y = 2; y < 9; y++) for (let x = 3; x < 11; x++) values[at(z, y, x)] = 5 + (x % 3)
    // A hole inside, and a dent that is open to the outside.
    values[at(4, 5, 6)] = 0
    values[at(2, 4, 4)] = 0
    const file = await volume('a.mrc', shape, values)
    const seen: Float32Array[] = []
    const watching: NetworkSession = {
      run: async (input) => {
        seen.push(input.slice())
        return new Float32Array(2 * input.length)
      },
      release: async () => undefined,
    }
    const manifest = manifestOf({ crop: { nonzero: true } })
    manifest.tiles = { ...manifest.tiles, patch_zyx: [8, 8, 8] }
    manifest.normalization = [{ ...manifest.normalization[0], scheme: 'zscore', use_nonzero_mask: true } as never]
    await run([file], manifest, { step: 1 }, watching)
    // The box is 5 × 7 × 8, in a tile of 8³ with 1 and 0 voxels below.
    const inTile = (z: number, y: number, x: number) => seen[0][((z - 2 + 1) * 8 + (y - 2)) * 8 + (x - 3)]
    const inside: number[] = []
    for (let z = 2; z < 7; z++)
      for (let y = 2; y < 9; y++)
        for (let x = 3; x < 11; x++) if (at(z, y, x) !== at(2, 4, 4)) inside.push(values[at(z, y, x)])
    const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length
    const std = Math.sqrt(inside.reduce((sum, value) => sum + (value - mean) ** 2, 0) / inside.length)
    expect(inTile(4, 5, 6)).toBeCloseTo((0 - mean) / std, 4)
    expect(inTile(2, 4, 4)).toBe(0)
    expect(inTile(3, 3, 5)).toBeCloseTo((values[at(3, 3, 5)] - mean) / std, 4)
  })
})
