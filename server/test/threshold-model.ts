import type { ModelManifest } from '../../shared/contract/model-package.ts'
import type { NetworkSession, SessionFactory } from '../inference/network-session.ts'

/** Values above this are label 1 in the threshold model. */
export const THRESHOLD = 10

/** Manifest of a network whose two channels are (t − x, x − t): argmax is exactly `x > t`, whatever the tiles. */
export function thresholdManifest(change: Partial<ModelManifest> = {}): ModelManifest {
  return {
    schema_version: 1,
    id: 'threshold',
    name: 'Threshold',
    version: '1.0.0',
    licence: 'Apache-2.0',
    citation: null,
    description: 'A known function for tests',
    onnx: { file: 'model.onnx', bytes: 1, sha256: '0'.repeat(64), opset: 16 },
    input: { name: 'input', layout: 'NCDHW', dtype: 'float32', channels: 1 },
    output: { name: 'logits', layout: 'NCDHW', dtype: 'float32', channels: 2, activation: 'none' },
    axes: { transpose_forward: [0, 1, 2], transpose_backward: [0, 1, 2] },
    spacing: { target_zyx: null, unit: null, policy: 'any' },
    crop: { nonzero: false },
    normalization: [{ channel: 'tomogram', scheme: 'none', use_nonzero_mask: false, invert_contrast: false }],
    resampling: {
      data: { order: 3, order_z: 0 },
      logits: { order: 1, order_z: 0 },
      anisotropy_threshold: 3,
      separate_z: null,
    },
    tiles: {
      patch_zyx: [8, 8, 8],
      divisible_by_zyx: [4, 4, 4],
      step: 0.5,
      gaussian: true,
      sigma_scale: 0.125,
      pad_value: 0,
      batch: 1,
    },
    mirror_axes_allowed: ['z', 'y', 'x'],
    labels: [
      { value: 0, name: 'background', color: '#000000' },
      { value: 1, name: 'bright', color: '#00c878' },
    ],
    decode: { mode: 'argmax', regions_order: null, threshold: null },
    postprocess: { keep_largest: [], smallest_object_voxels: 0 },
    requirements: { device_bytes: null, host_bytes: null },
    provenance: { dataset: null, plans: null, configuration: null, fold: null, trainer: null },
    ...change,
  }
}

export interface FakeNetwork {
  createSession: SessionFactory
  /** Tiles run so far. */
  numRuns: () => number
}

/** The threshold network without onnxruntime. `onRun` may throw or wait, to stand for trouble. */
export function fakeThresholdNetwork(onRun: (run: number) => void | Promise<void> = () => undefined): FakeNetwork {
  let runs = 0
  const session: NetworkSession = {
    run: async (input, [batch]) => {
      runs++
      await onRun(runs)
      const output = new Float32Array(input.length * 2)
      const tileVox = input.length / batch
      for (let i = 0; i < input.length; i++) {
        const first = i + tileVox * Math.floor(i / tileVox)
        output[first] = THRESHOLD - input[i]
        output[first + tileVox] = input[i] - THRESHOLD
      }
      return output
    },
    release: async () => undefined,
  }
  return { createSession: async () => session, numRuns: () => runs }
}
