import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasSharedData, SHARED_DATA } from '../../build/test-support/shared-data.ts'
import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { numVoxels } from '../../shared/volume/zyx.ts'
import { createOnnxSession } from '../adapters/onnx-session.ts'
import { run } from '../test/run-here.ts'
import { thresholdManifest } from '../test/threshold-model.ts'

const MODELS = path.join(SHARED_DATA, 'models')
const HEAD = path.join(MODELS, 'meshnet-gwm/t1_crop.nii.gz')
const HEAD_VOX = numVoxels([256, 256, 256])

function manifestOf(folder: string, file: string, numLabels: number): ModelManifest {
  const bytes = readFileSync(path.join(folder, file))
  const base = thresholdManifest()
  return {
    ...base,
    id: path.basename(folder),
    onnx: { file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), opset: 14 },
    output: { ...base.output, name: 'output', channels: numLabels },
    normalization: [{ channel: 'T1', scheme: 'rescale01', use_nonzero_mask: false, invert_contrast: false }],
    tiles: { ...base.tiles, patch_zyx: [96, 96, 96], divisible_by_zyx: [1, 1, 1], step: 1, gaussian: false },
    labels: Array.from({ length: numLabels }, (_, value) => ({ value, name: `label ${value}`, color: '#ffffff' })),
  }
}

describe.runIf(hasSharedData)('a region of a real head', () => {
  it.each([
    ['meshnet-gwm', 'model_dynamic.onnx', 3],
    ['meshnet-18cls', 'model.onnx', 18],
  ])(
    'gives the published counts of %s, normalised by the whole head',
    async (name, file, numLabels) => {
      const folder = path.join(MODELS, name)
      const manifest = manifestOf(folder, file, numLabels)
      const { patch_96: window } = JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8'))
      const roi_zyx = window.patch_start_zyx.map((start: number) => [start, start + 96]) as EffectiveParams['roi_zyx']
      const modelPath = path.join(folder, file)
      const session = await createOnnxSession({ modelPath, manifest, provider: 'cpu', threads: 2 })
      const { labels } = await run([HEAD], manifest, { roi_zyx, preview_factor: null }, session)
      const counts = new Array<number>(numLabels).fill(0)
      for (const label of labels) counts[label]++
      counts[0] -= HEAD_VOX - 96 ** 3
      expect(counts).toEqual(window.label_counts)
    },
    300_000,
  )
})
