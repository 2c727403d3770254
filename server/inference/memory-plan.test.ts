import { describe, expect, it } from 'vitest'
import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { thresholdManifest } from '../test/threshold-model.ts'
import { planMemory } from './memory-plan.ts'

const PATCH: [number, number, number] = [64, 128, 128]
const manifest = thresholdManifest({
  output: { ...thresholdManifest().output, channels: 4 },
  labels: [0, 1, 2, 3].map((value) => ({ value, name: `label ${value}`, color: '#00c878' })),
})

function planOf(
  shapeZyx: Zyx,
  roi?: EffectiveParams['roi_zyx'],
  change: Partial<EffectiveParams> = {},
  networkBytes: number | null = 0,
) {
  const params: EffectiveParams = {
    ...{ patch_zyx: PATCH, step: 0.5, mirror_axes: [], preview_factor: 8, preview_interval_seconds: 1 },
    ...{ threads: 2, provider: 'cpu' },
    ...(roi ? { roi_zyx: roi } : {}),
    ...change,
  }
  const header = { shapeZyx, voxelSizeZyx: null, unit: null, dtype: 'float32' as const }
  return planMemory({ manifest, headers: [header], params, networkBytes, limitBytes: null })
}

describe('the memory of tiles', () => {
  const tiles = (change: Partial<EffectiveParams>) =>
    planOf([256, 256, 256], undefined, change).tiles_bytes - kernelBytes
  const patchBytes = 4 * 64 * 128 * 128
  // A plane of a tile and of its weights, where the kernel that adds them up reads them.
  const kernelBytes = 2 * 4 * 128 * 128

  it('counts those that go through the network together', () => {
    // 4 groups of one tile, or two groups of 4: the inputs twice, the outputs, and those of a run.
    expect(tiles({})).toBe(patchBytes * (1 + 2 * 4 + 4 * (4 + 1)))
    expect(tiles({ batch: 4 })).toBe(patchBytes * (1 + 2 * 8 + 4 * (8 + 4)))
    // Of each tile two runs are on their way, as made and as sent; one output is added while the next comes.
    expect(tiles({ mirror_axes: ['z'] })).toBe(patchBytes * (1 + (4 + 2 * 8) + 4 * (4 + 2)))
    expect(tiles({ batch: 2, mirror_axes: ['z', 'y'] })).toBe(patchBytes * (1 + (4 + 2 * 16) + 4 * (4 + 4)))
    expect(tiles({ batch: 8, mirror_axes: ['z', 'y'] })).toBe(patchBytes * (1 + (6 + 2 * 24) + 4 * (6 + 16)))
  })

  it('is guessed for a network by the tiles of a run', () => {
    const network = (change: Partial<EffectiveParams>) =>
      planOf([256, 256, 256], undefined, change, null).network_bytes - 2 * manifest.onnx.bytes
    expect(network({ batch: 4 })).toBe(4 * network({}))
  })
})

describe('the memory of a region', () => {
  const tomogram: Zyx = [1024, 1600, 1600]
  const roi: EffectiveParams['roi_zyx'] = [
    [300, 364],
    [100, 356],
    [700, 956],
  ]

  it('is what the region needs, and not what a tomogram of 10 GB would', () => {
    const [whole, part] = [planOf(tomogram), planOf(tomogram, roi)]
    expect(whole.ring_bytes).toBe(4 * 4 * 64 * 1600 * 1600)
    expect(part.ring_bytes).toBe(4 * 4 * 64 * 256 * 256)
    expect(whole.total_bytes).toBeGreaterThan(3e9)
    expect(part.total_bytes).toBeLessThan(1.1e9)
  })

  it('still counts the statistics and the mask, which are of the whole', () => {
    const [alone, part] = [planOf([64, 256, 256]), planOf(tomogram, roi)]
    expect(part.ring_bytes).toBe(alone.ring_bytes)
    expect(part.tiles_bytes).toBe(alone.tiles_bytes)
    // Chunks of 4 Mi voxels as stored, as float32 and once more.
    expect(part.input_bytes).toBeGreaterThanOrEqual(4 * 2 ** 20 * 12)
    expect(part.output_bytes).toBeGreaterThan(alone.output_bytes + 1600 * 1600 * 3)
  })

  it('of the whole volume is that of the volume', () => {
    const all: EffectiveParams['roi_zyx'] = [
      [0, 1024],
      [0, 1600],
      [0, 1600],
    ]
    expect(planOf(tomogram, all)).toEqual(planOf(tomogram))
  })

  it('is along the axis that suits the region', () => {
    const flat: Zyx = [512, 4096, 4096]
    expect(planOf(flat).stream_axis).toBe('y')
    const slice = planOf(flat, [
      [0, 512],
      [0, 256],
      [0, 4096],
    ])
    expect(slice.stream_axis).toBe('z')
    expect(slice.ring_bytes).toBe(4 * 4 * 64 * 256 * 4096)
  })
})
