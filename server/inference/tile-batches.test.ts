import { describe, expect, it } from 'vitest'
import { createOnnxSession } from '../adapters/onnx-session.ts'
import { honestNetwork } from '../test/hostile-networks.ts'
import { manifestOf, run, SHAPE, saved, unevenNetwork, volume } from '../test/run-here.ts'
import { fakeThresholdNetwork, thresholdManifest } from '../test/threshold-model.ts'
import type { NetworkSession } from './network-session.ts'
import { tilesPerGroup } from './tile-predictor.ts'

/** The same network with the shapes that it was run on; some runs take longer than those after them. */
function watched(numAhead = 0, tilesPerRun?: number) {
  const batches: number[] = []
  const session: NetworkSession = {
    numAhead,
    ...(tilesPerRun === undefined ? {} : { tilesPerRun }),
    run: async (input, shape) => {
      const index = batches.push(shape[0])
      expect(input.length).toBe(shape.reduce((product, size) => product * size, 1))
      const output = await unevenNetwork.run(input, shape)
      if (index % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 2))
      return output
    },
    release: async () => undefined,
  }
  return { session, batches }
}

describe('tiles that go through the network together', () => {
  // 13 × 22 × 31 voxels in tiles of 8 × 12 × 16 at half a tile: 3 × 3 × 3.
  const NUM_TILES = 27

  it.each([
    [2, [], 0],
    [4, [], 3],
    [5, [], 1],
    [16, [], 3],
    [2, ['z'], 3],
    [3, ['z'], 0],
    [4, ['z', 'y', 'x'], 3],
    [16, ['z', 'y', 'x'], 3],
  ] as [number, ('z' | 'y' | 'x')[], number][])(
    'give the bytes of one at a time: %i, mirrored along %j, %i ahead',
    async (batch, mirror_axes, numAhead) => {
      const file = await volume('a.mrc', SHAPE)
      const alone = await run([file], manifestOf(), { mirror_axes }, unevenNetwork)
      const { session, batches } = watched(numAhead)
      const found = await run([file], manifestOf(), { mirror_axes, batch }, session)
      expect(found.sha256).toBe(alone.sha256)
      expect(await found.read('probability.mrc')).toEqual(await alone.read('probability.mrc'))
      expect(found.tilesReported).toBe(NUM_TILES)
      expect(found.params.batch).toBe(batch)
      // All runs have one shape, and only the last is not full.
      expect(new Set(batches)).toEqual(new Set([batch]))
      expect(batches).toHaveLength(Math.ceil((NUM_TILES * 2 ** mirror_axes.length) / batch))
      expect(new Set(alone.labels)).toEqual(new Set([0, 1]))
    },
  )

  it('of a draft are run once, and the mask stays the same', async () => {
    const shape = [13, 22, 64] as const
    const file = await volume('a.mrc', shape)
    const alone = await run([file], manifestOf(), {})
    const { session, batches } = watched(3)
    const found = await run([file], manifestOf(), { draft: true, batch: 4 }, session)
    expect(found.previews[0].stage).toBe('draft')
    expect(found.sha256).toBe(alone.sha256)
    expect(found.tilesReported).toBe(alone.tilesReported)
    // Each of the two passes may end with a run that is not full.
    expect(batches.length).toBeLessThanOrEqual(Math.ceil(alone.tilesReported / 4) + 1)
  })

  it('are as many as a network of fixed size takes, which is said', async () => {
    const file = await volume('a.mrc', SHAPE)
    const alone = await run([file], manifestOf())
    const { session, batches } = watched(3, 2)
    const found = await run([file], manifestOf(), {}, session)
    expect(new Set(batches)).toEqual(new Set([2]))
    expect(found.sha256).toBe(alone.sha256)
    expect(found.params.batch).toBe(2)
    expect(found.warnings).toContain('batch_fixed')
    expect(found.messages).toContain('The network takes 2 tiles at a time and nothing else; 1 tile had been asked for.')
    expect(alone.warnings).not.toContain('batch_fixed')
  })

  it('fail as one where the network fails', async () => {
    const file = await volume('a.mrc', SHAPE)
    const { session } = watched(3)
    let numRuns = 0
    const failing: NetworkSession = {
      ...session,
      run: async (...args) => {
        if (++numRuns === 4) throw new Error('the network is gone')
        return session.run(...args)
      },
    }
    await expect(run([file], manifestOf(), { batch: 4 }, failing)).rejects.toThrow('the network is gone')
  })

  it.each([
    [1, 1, 1],
    [1, 8, 1],
    [4, 8, 1],
    [8, 8, 1],
    [16, 8, 2],
    [3, 8, 3],
    [6, 4, 3],
    [5, 1, 5],
  ])('come in groups that fill whole runs: %i with %i copies each', (batch, numCopies, size) => {
    expect(tilesPerGroup(batch, numCopies)).toBe(size)
    expect((size * numCopies) % batch).toBe(0)
  })
})

describe('a real network', () => {
  it.each(['N', 3] as const)('gives the same mask where it takes %s tiles at a time', async (tilesPerRun) => {
    const manifest = thresholdManifest()
    const file = await volume('a.mrc', SHAPE)
    const modelPath = await saved('model.onnx', honestNetwork(tilesPerRun))
    const session = await createOnnxSession({ modelPath, manifest, provider: 'cpu', threads: 1 })
    const found = await run([file], manifestOf(), { batch: 3 }, session)
    const whole = await fakeThresholdNetwork().createSession({} as never)
    expect(session.tilesPerRun).toBe(tilesPerRun === 'N' ? undefined : 3)
    expect(found.sha256).toBe((await run([file], manifestOf(), {}, whole)).sha256)
    expect(new Set(found.labels)).toEqual(new Set([0, 1]))
    expect(found.warnings).not.toContain('batch_fixed')
  })
})
