import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { ModelManifest } from '../../shared/contract/model-package.ts'
import { makeNormaliser } from '../inference/normalise.ts'
import { DEFAULT_OPTIONS, networkOf, newDataset, newPlans, OLD_DATASET, oldPlans } from '../test/nnunet-plans.ts'
import { importNnunet, type NnunetOptions } from './import-nnunet.ts'
import type { OnnxInterface } from './onnx-interface.ts'

/** Imports the given files; what is left out is a plain case that works. */
function imported(
  files: { plans?: unknown; dataset?: unknown; network?: OnnxInterface },
  options: Partial<NnunetOptions> = {},
) {
  const { plans = newPlans(), dataset = newDataset(), network = networkOf(1, 3) } = files
  return importNnunet({ plans, dataset, network }, { ...DEFAULT_OPTIONS, ...options })
}

describe('an export of nnU-Net v2', () => {
  it('with CT normalisation becomes a complete manifest', () => {
    const { manifest, notes } = imported({}, { fold: '0', mirror: ['z', 'y', 'x'] })
    expect(notes).toEqual([])
    expect(manifest).toEqual({
      schema_version: 1,
      id: 'dataset007_pancreas-3d_fullres-fold0',
      name: 'Dataset007_Pancreas, 3d_fullres',
      version: '1.0.0',
      licence: 'not stated',
      citation: null,
      description: '',
      onnx: { opset: 17 },
      input: { name: 'input', layout: 'NCDHW', dtype: 'float32', channels: 1 },
      output: { name: 'logits', layout: 'NCDHW', dtype: 'float32', channels: 3, activation: 'none' },
      axes: { transpose_forward: [0, 1, 2], transpose_backward: [0, 1, 2] },
      spacing: { target_zyx: [2, 0.73046875, 0.73046875], unit: 'mm', policy: 'resample' },
      crop: { nonzero: true },
      normalization: [
        {
          channel: 'CT',
          scheme: 'ct',
          use_nonzero_mask: false,
          invert_contrast: false,
          percentile_00_5: -55.99610900878906,
          percentile_99_5: 179.97802734375,
          mean: 74.89189910888672,
          std: 44.09819030761719,
        },
      ],
      resampling: {
        data: { order: 3, order_z: 0 },
        logits: { order: 1, order_z: 0 },
        anisotropy_threshold: 3,
        separate_z: null,
      },
      tiles: {
        patch_zyx: [64, 128, 192],
        divisible_by_zyx: [16, 32, 32],
        step: 0.5,
        gaussian: true,
        sigma_scale: 0.125,
        pad_value: 0,
        batch: 1,
      },
      mirror_axes_allowed: ['z', 'y', 'x'],
      labels: [
        { value: 0, name: 'background', color: '#000000' },
        { value: 1, name: 'pancreas', color: '#e69f00' },
        { value: 2, name: 'tumour', color: '#56b4e9' },
      ],
      decode: { mode: 'argmax', regions_order: null, threshold: null },
      postprocess: { keep_largest: [], smallest_object_voxels: 0 },
      requirements: { device_bytes: null, host_bytes: null },
      provenance: {
        dataset: 'Dataset007_Pancreas',
        plans: 'nnUNetResEncUNetMPlans',
        configuration: '3d_fullres',
        fold: '0',
        trainer: null,
      },
    })
    const onnx = { ...manifest.onnx, file: 'model.onnx', bytes: 1, sha256: '0'.repeat(64) }
    expect([...Value.Errors(ModelManifest, { ...manifest, onnx })]).toEqual([])
  })

  it('of the first releases is read too: modality, strides by their old name, the mask of the z-score', () => {
    const { manifest } = imported({ plans: oldPlans(), dataset: OLD_DATASET })
    expect(manifest.normalization).toEqual([
      { channel: 'MRI', scheme: 'zscore', use_nonzero_mask: true, invert_contrast: false },
    ])
    expect(manifest.tiles).toMatchObject({ patch_zyx: [40, 56, 40], divisible_by_zyx: [8, 8, 8] })
    expect(manifest.labels.map((label) => label.name)).toEqual(['background', 'Anterior', 'Posterior'])
    expect(manifest).toMatchObject({ name: 'Hippocampus, 3d_fullres', description: OLD_DATASET.description })
  })

  it('with transposed axes keeps spacing, patch and strides in the order of the network', () => {
    const transposition = { transpose_forward: [2, 0, 1], transpose_backward: [1, 2, 0] }
    const fullres = { spacing: [4, 0.6, 0.5], patch_size: [16, 320, 256] }
    const { manifest } = imported({ plans: newPlans({ plans: transposition, fullres }) })
    expect(manifest.axes).toEqual(transposition)
    expect(manifest.spacing.target_zyx).toEqual([4, 0.6, 0.5])
    expect(manifest.tiles).toMatchObject({ patch_zyx: [16, 320, 256], divisible_by_zyx: [16, 32, 32] })
  })

  it('inherits what a configuration leaves out, over two generations', () => {
    const { manifest } = imported({}, { configuration: '3d_small' })
    expect(manifest.tiles).toMatchObject({ patch_zyx: [32, 64, 64], divisible_by_zyx: [16, 32, 32] })
    expect(manifest.spacing.target_zyx).toEqual([2, 0.73046875, 0.73046875])
    expect(imported({}, { configuration: '3d_lowres' }).manifest.spacing.target_zyx).toEqual([4, 1.46, 1.46])
  })

  it('with regions paints them in their order, whichever label that leaves', () => {
    const plans = newPlans({
      fullres: {
        normalization_schemes: ['ZScoreNormalization', 'NoNormalization', 'RescaleTo01Normalization'],
        use_mask_for_norm: [true, true, true],
      },
    })
    const dataset = newDataset({
      channel_names: { '0': 'FLAIR', '1': 'noNorm', '2': 'rescale_to_0_1' },
      labels: { background: 0, whole_tumour: [1, 2, 3], core: [2, 3], enhancing: 3, ignore: 4 },
      regions_class_order: [2, 1, 3],
    })
    const { manifest } = imported({ plans, dataset, network: networkOf(3, 3) })
    expect(manifest.decode).toEqual({ mode: 'regions', regions_order: [2, 1, 3], threshold: null })
    expect(manifest.labels.map(({ value, name }) => [value, name])).toEqual([
      [0, 'background'],
      [1, 'core'],
      [2, 'whole_tumour'],
      [3, 'enhancing'],
    ])
    expect(manifest.output.channels).toBe(3)
    // The mask is ignored by all but the z-score, as in nnU-Net.
    expect(manifest.normalization.map((rule) => [rule.channel, rule.scheme, rule.use_nonzero_mask])).toEqual([
      ['FLAIR', 'zscore', true],
      ['noNorm', 'none', false],
      ['rescale_to_0_1', 'rescale01', false],
    ])
  })

  it('of pictures clips them to bytes and divides by 255', () => {
    const { manifest } = imported({ plans: newPlans({ fullres: { normalization_schemes: ['RGBTo01Normalization'] } }) })
    expect(manifest.normalization).toMatchObject([{ scheme: 'ct', use_nonzero_mask: false }])
    const statistics = { count: 5, nonfinite: 0, min: -3, max: 300, mean: 120, std: 130 }
    const values = Float32Array.of(-3, 0, 51, 255, 300)
    makeNormaliser(manifest.normalization[0], statistics, () => 0)(values, null, values)
    expect(values).toEqual(Float32Array.of(0, 0, 0.2, 1, 1))
  })

  it('with two regions painted as one label names it after both', () => {
    const dataset = newDataset({
      labels: { background: 0, all: [1, 2], left: 1, right: 2 },
      regions_class_order: [1, 2, 2],
    })
    const { manifest } = imported({ dataset })
    expect(manifest.labels.map(({ value, name }) => [value, name])).toEqual([
      [0, 'background'],
      [1, 'all'],
      [2, 'left + right'],
    ])
  })

  it('with an ignore label has no channel for it; lists of one value are labels', () => {
    const labels = { background: 0, membrane: [1], particle: [2], ignore: 3 }
    const { manifest } = imported({ dataset: newDataset({ labels }) })
    expect(manifest.decode.mode).toBe('argmax')
    expect(manifest.labels.map((label) => label.name)).toEqual(['background', 'membrane', 'particle'])
  })

  it('keeps splines, separate axes and threshold; what is left out has the defaults of nnU-Net', () => {
    const kwargs = { is_seg: false, order: 2, order_z: 1, force_separate_z: true, separate_z_anisotropy_threshold: 5 }
    const own = newPlans({
      fullres: { resampling_fn_data_kwargs: kwargs, resampling_fn_probabilities_kwargs: { ...kwargs, order: 0 } },
    })
    expect(imported({ plans: own }).manifest.resampling).toEqual({
      data: { order: 2, order_z: 1 },
      logits: { order: 0, order_z: 1 },
      anisotropy_threshold: 5,
      separate_z: true,
    })
    const bare = newPlans({ fullres: { resampling_fn_data_kwargs: {}, resampling_fn_probabilities_kwargs: {} } })
    expect(imported({ plans: bare }).manifest.resampling).toEqual({
      data: { order: 3, order_z: 0 },
      logits: { order: 3, order_z: 0 },
      anisotropy_threshold: 3,
      separate_z: false,
    })
  })

  it('planned without resampling only warns of another spacing', () => {
    const none = { resampling_fn_data: 'no_resampling_hack', resampling_fn_probabilities: 'no_resampling_hack' }
    const kwargs = { resampling_fn_data_kwargs: {}, resampling_fn_probabilities_kwargs: {} }
    const { manifest } = imported({ plans: newPlans({ fullres: { ...none, ...kwargs } }) }, { unit: 'angstrom' })
    expect(manifest.spacing).toEqual({
      target_zyx: [2, 0.73046875, 0.73046875],
      unit: 'angstrom',
      policy: 'warn',
    })
  })

  it('for one tile size may only run in that size; so may one without strides', () => {
    const network = networkOf(1, 3)
    network.inputs[0].shape = [1, 1, 64, 128, 192]
    expect(imported({ network }).manifest.tiles.divisible_by_zyx).toEqual([64, 128, 192])
    const plans = newPlans({ fullres: { architecture: { arch_kwargs: { patch_embed_size: [8, 8, 8] } } } })
    expect(imported({ plans }).manifest.tiles.divisible_by_zyx).toEqual([64, 128, 192])
  })

  it('takes half precision, undeclared sizes, and the named one of several outputs', () => {
    const network = networkOf(1, 3)
    network.inputs[0] = { name: 'x', dtype: 'float16', shape: null }
    network.outputs = ['deep', 'full'].map((name) => ({ name, dtype: 'float16', shape: [null, null, 1, 1, 1] }))
    const { manifest } = imported({ network }, { output: 'full' })
    expect(manifest.input).toMatchObject({ name: 'x', dtype: 'float16', channels: 1 })
    expect(manifest.output).toMatchObject({ name: 'full', dtype: 'float16', channels: 3 })
  })

  it('trained on reoriented files says so', () => {
    const plans = newPlans({ plans: { image_reader_writer: 'NibabelIOWithReorient' } })
    expect(imported({ plans }).notes).toEqual([expect.stringContaining('RAS')])
  })
})

describe('refused is', () => {
  const cases: [string, string, string, () => unknown][] = [
    ['a 2D configuration', 'model_feature_unsupported', '2d', () => imported({}, { configuration: '2d' })],
    [
      'a cascade',
      'model_feature_unsupported',
      'needs the result of 3d_lowres',
      () => imported({}, { configuration: '3d_cascade_fullres' }),
    ],
    [
      'another resampling function',
      'model_feature_unsupported',
      'resample_torch_fornnunet',
      () => imported({ plans: newPlans({ fullres: { resampling_fn_probabilities: 'resample_torch_fornnunet' } }) }),
    ],
    [
      'one that resamples only the image',
      'model_feature_unsupported',
      'no_resampling_hack',
      () => imported({ plans: newPlans({ fullres: { resampling_fn_probabilities: 'no_resampling_hack' } }) }),
    ],
    [
      'an unknown option of resampling',
      'model_feature_unsupported',
      'mode',
      () => imported({ plans: newPlans({ fullres: { resampling_fn_data_kwargs: { mode: 'linear' } } }) }),
    ],
    [
      'a spline of order 5',
      'model_feature_unsupported',
      'order 5',
      () => imported({ plans: newPlans({ fullres: { resampling_fn_data_kwargs: { order: 5 } } }) }),
    ],
    [
      'another separation for the logits',
      'model_feature_unsupported',
      'force_separate_z',
      () => imported({ plans: newPlans({ fullres: { resampling_fn_data_kwargs: { force_separate_z: true } } }) }),
    ],
    [
      'a normalisation of its own',
      'model_feature_unsupported',
      'OwnNormalization',
      () => imported({ plans: newPlans({ fullres: { normalization_schemes: ['OwnNormalization'] } }) }),
    ],
    [
      'another preprocessor',
      'model_feature_unsupported',
      'OwnPreprocessor',
      () => imported({ plans: newPlans({ fullres: { preprocessor_name: 'OwnPreprocessor' } }) }),
    ],
    [
      'another label manager',
      'model_feature_unsupported',
      'OwnManager',
      () => imported({ plans: newPlans({ plans: { label_manager: 'OwnManager' } }) }),
    ],
    [
      'CT without its intensities',
      'model_invalid',
      'foreground_intensity_properties_per_channel/0',
      () => imported({ plans: newPlans({ plans: { foreground_intensity_properties_per_channel: {} } }) }),
    ],
    [
      'an unknown configuration',
      'model_invalid',
      '3d_fullres_bs8',
      () => imported({}, { configuration: 'constructor' }),
    ],
    ['inheritance in a circle', 'model_invalid', 'inherits', () => imported({}, { configuration: '3d_loop' })],
    [
      'a transposition that is none',
      'model_invalid',
      'transpose_backward',
      () => imported({ plans: newPlans({ plans: { transpose_forward: [2, 0, 1], transpose_backward: [2, 0, 1] } }) }),
    ],
    [
      'more channels than are normalised',
      'model_invalid',
      '2 channels',
      () => imported({ dataset: newDataset({ channel_names: { '0': 'CT', '1': 'PET' } }), network: networkOf(2, 3) }),
    ],
    [
      'channels that are not numbered',
      'model_invalid',
      'channel_names',
      () => imported({ dataset: newDataset({ channel_names: { a: 'CT' } }) }),
    ],
    ['a network of more inputs', 'model_invalid', 'takes 2 channels', () => imported({ network: networkOf(2, 3) })],
    ['a network of fewer classes', 'model_invalid', 'gives 2 channels', () => imported({ network: networkOf(1, 2) })],
    [
      'deep supervision left on',
      'model_invalid',
      'deep supervision',
      () => imported({ network: { ...networkOf(1, 3), outputs: [0, 1].map(() => networkOf(1, 3).outputs[0]) } }),
    ],
    [
      'a fixed tile of another size',
      'model_invalid',
      '32 × 32 × 32',
      () => {
        const network = networkOf(1, 3)
        network.inputs[0].shape = [1, 1, 32, 32, 32]
        return imported({ network })
      },
    ],
    [
      'double precision',
      'model_feature_unsupported',
      'float64',
      () => {
        const network = networkOf(1, 3)
        network.inputs[0].dtype = 'float64'
        return imported({ network })
      },
    ],
    [
      'a network of pictures',
      'model_invalid',
      '4 axes',
      () => {
        const network = networkOf(1, 3)
        network.inputs[0].shape = [null, 1, null, null]
        return imported({ network })
      },
    ],
    [
      'labels with a gap',
      'model_invalid',
      '0, 1, 3',
      () => imported({ dataset: newDataset({ labels: { background: 0, a: 1, b: 3 } }) }),
    ],
    [
      'labels of nnU-Net v1',
      'model_invalid',
      'v1',
      () => imported({ dataset: newDataset({ labels: { '0': 'background', '1': 'a' } }) }),
    ],
    [
      'an ignore label in between',
      'model_invalid',
      'ignore',
      () => imported({ dataset: newDataset({ labels: { background: 0, a: 1, ignore: 2, b: 3 } }) }),
    ],
    [
      'regions without an order',
      'model_invalid',
      'regions_class_order',
      () => imported({ dataset: newDataset({ labels: { background: 0, a: [1, 2], b: 2 } }) }),
    ],
    ['a plans.json of something else', 'model_invalid', 'plans.json', () => imported({ plans: [] })],
    ['a dataset.json of something else', 'model_invalid', 'dataset.json', () => imported({ dataset: null })],
  ]

  it.each(cases)('%s', (_what, code, text, run) => {
    expect(run).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }))
  })
})
