import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import { rememberNetworkBytes } from '../inference/memory-plan.ts'
import { type NetworkFacts, NO_FACTS } from '../inference/network-facts.ts'
import { thresholdManifest } from '../test/threshold-model.ts'
import type { VolumeRecord } from '../volumes/volume-repository.ts'
import { effectiveParams } from './effective-params.ts'
import { bestPlan, planJob, planWarnings } from './plan-job.ts'

const manifest = thresholdManifest()
const header: VolumeRecord['header'] = {
  ...{ format: 'mrc', shapeZyx: [64, 64, 64], dtype: 'float32', voxelSizeZyx: null, unit: null, warnings: [] },
}
const PARAMS: EffectiveParams = {
  ...{ patch_zyx: [32, 64, 64], step: 0.5, mirror_axes: [], preview_factor: null, preview_interval_seconds: 1 },
  ...{ threads: 1, provider: 'cpu' },
}
const VOXELS = 32 * 64 * 64

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-plan-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function plan(
  limit: number,
  change: Partial<EffectiveParams> = {},
  network: Partial<NetworkFacts> = {},
  maySpill = false,
) {
  const config = { memoryLimitBytes: limit, blendThreads: 0, maySpill }
  const model = { manifest, network: { ...NO_FACTS, ...network } }
  return bestPlan(model, [header], { ...PARAMS, ...change }, config, folder)
}

const bytesFor = async (change: Partial<EffectiveParams>, network: Partial<NetworkFacts> = {}) =>
  (await plan(Number.MAX_SAFE_INTEGER, change, network)).memory.total_bytes

describe('the plan of a job', () => {
  it('puts fewer tiles through the network together before it is above the limit, and says so', async () => {
    const two = await bytesFor({ batch: 2 })
    const found = await plan(two, { batch: 8 })
    expect(found).toMatchObject({ effective: { batch: 2 }, memory: { most_tiles_at_once: 2, total_bytes: two } })
    expect(planWarnings(found)).toEqual([
      { code: 'batch_reduced', message: expect.stringContaining('2 tiles at once') },
    ])
    const alone = await plan(await bytesFor({}), { batch: 8 })
    expect(alone.effective).toEqual(PARAMS)
    expect(alone.memory.most_tiles_at_once).toBe(1)
    expect(planWarnings(await plan(two, { batch: 2 }))).toEqual([])
  })

  it('keeps sums on the disk only where one tile at a time is too much', async () => {
    const one = await bytesFor({})
    expect((await plan(one, { batch: 4 }, {}, true)).effective.spill).toBeUndefined()
    expect((await plan(one - 1, { batch: 4 }, {}, true)).effective).toMatchObject({ spill: true })
  })

  it('knows what the network took with fewer tiles', async () => {
    const model = thresholdManifest()
    await rememberNetworkBytes(folder, model, { ...PARAMS, batch: 4 }, 9e9)
    await rememberNetworkBytes(folder, model, { ...PARAMS, batch: 2 }, 1000)
    const found = await plan(2e9, { batch: 4 })
    expect(found.memory).toMatchObject({ network_bytes: 1000, network_is_estimate: false, most_tiles_at_once: 2 })
  })

  it('takes as many tiles at once as a network of fixed size, never fewer', async () => {
    const network = { ...NO_FACTS, tilesPerRun: 4 }
    const device = { provider: 'cpu', threads: 1 }
    const params = effectiveParams({ batch: 2 }, { enabled: false }, manifest, header.shapeZyx, device, network)
    expect(params.batch).toBe(4)
    const four = await bytesFor({ batch: 4 }, network)
    expect(four).toBeGreaterThan(await bytesFor({}, network))
    const found = await plan(1e6, { batch: 4 }, network)
    expect(found).toMatchObject({ isWithinLimit: false, effective: { batch: 4 }, memory: { total_bytes: four } })
  })
})

describe('a network that was never measured', () => {
  const network = { liveValues: 50 }

  it('is thought to take three times what its file says that it holds, and surely that', async () => {
    const { memory } = await plan(1e12, { batch: 2 }, network)
    expect(memory.network_is_estimate).toBe(true)
    expect(memory.network_bytes).toBe(2 * manifest.onnx.bytes + 4 * 150 * VOXELS * 2)
    expect(memory.network_least_bytes).toBe(manifest.onnx.bytes + 4 * 50 * VOXELS * 2)
    const half = await plan(1e12, { batch: 2 }, { ...network, bytesPerValue: 2 })
    expect(half.memory.network_least_bytes).toBe(manifest.onnx.bytes + 2 * 50 * VOXELS * 2)
    expect(half.memory.network_bytes).toBe(memory.network_bytes)
  })

  it('is refused for what it surely takes, and warned of for what is guessed', async () => {
    const { memory } = await plan(1e12, {}, network)
    const least = memory.total_bytes - memory.network_bytes + (memory.network_least_bytes ?? 0)
    const config = { memoryLimitBytes: least - 1, blendThreads: 0, maySpill: false }
    const volume = { header } as VolumeRecord
    const model = { manifest, network: { ...NO_FACTS, ...network } }
    await expect(planJob(model, [volume], PARAMS, config, folder)).rejects.toMatchObject({ code: 'memory_limit' })
    const admitted = await planJob(model, [volume], PARAMS, { ...config, memoryLimitBytes: least }, folder)
    const [warning] = planWarnings(admitted)
    expect(warning).toMatchObject({
      code: 'memory_guessed',
      message: expect.stringContaining(`${memory.network_bytes}`),
    })
    expect(planWarnings(await plan(memory.total_bytes, {}, network))).toEqual([])
  })

  it('runs with fewer tiles at once where the guess would not fit otherwise', async () => {
    const found = await plan(await bytesFor({}, network), { batch: 4 }, network)
    expect(found.memory.most_tiles_at_once).toBe(1)
  })
})
