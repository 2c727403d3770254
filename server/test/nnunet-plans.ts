import type { NnunetOptions } from '../models/import-nnunet.ts'
import type { OnnxInterface } from '../models/onnx-interface.ts'

const SHAPE_KWARGS = { is_seg: false, order_z: 0, force_separate_z: null }

const RESAMPLING = {
  resampling_fn_data: 'resample_data_or_seg_to_shape',
  resampling_fn_seg: 'resample_data_or_seg_to_shape',
  resampling_fn_data_kwargs: { ...SHAPE_KWARGS, order: 3 },
  resampling_fn_seg_kwargs: { ...SHAPE_KWARGS, is_seg: true, order: 1 },
  resampling_fn_probabilities: 'resample_data_or_seg_to_shape',
  resampling_fn_probabilities_kwargs: { ...SHAPE_KWARGS, order: 1 },
}

const INTENSITIES = {
  max: 3071,
  mean: 74.89189910888672,
  median: 78.01163482666016,
  min: -1024,
  percentile_00_5: -55.99610900878906,
  percentile_99_5: 179.97802734375,
  std: 44.09819030761719,
}

/** `plans.json` as nnU-Net 2.4 and later write it (residual encoder, CT), with its cascade. */
export function newPlans(change: { plans?: object; fullres?: object } = {}) {
  const fullres = {
    data_identifier: 'nnUNetPlans_3d_fullres',
    preprocessor_name: 'DefaultPreprocessor',
    batch_size: 2,
    patch_size: [64, 128, 192],
    median_image_size_in_voxels: [59, 118, 181],
    spacing: [2, 0.73046875, 0.73046875],
    normalization_schemes: ['CTNormalization'],
    use_mask_for_norm: [false],
    ...RESAMPLING,
    architecture: {
      network_class_name: 'dynamic_network_architectures.architectures.unet.ResidualEncoderUNet',
      arch_kwargs: {
        n_stages: 6,
        strides: [
          [1, 1, 1],
          [1, 2, 2],
          [2, 2, 2],
          [2, 2, 2],
          [2, 2, 2],
          [2, 2, 2],
        ],
        deep_supervision: true,
      },
      _kw_requires_import: ['conv_op', 'norm_op', 'dropout_op', 'nonlin'],
    },
    batch_dice: false,
    ...change.fullres,
  }
  return {
    dataset_name: 'Dataset007_Pancreas',
    plans_name: 'nnUNetResEncUNetMPlans',
    original_median_spacing_after_transp: [2, 0.73046875, 0.73046875],
    image_reader_writer: 'SimpleITKIO',
    transpose_forward: [0, 1, 2],
    transpose_backward: [0, 1, 2],
    configurations: {
      '2d': {
        ...fullres,
        patch_size: [128, 192],
        spacing: [0.73046875, 0.73046875],
      },
      '3d_lowres': { ...fullres, spacing: [4, 1.46, 1.46], next_stage: '3d_cascade_fullres' },
      '3d_fullres': fullres,
      '3d_fullres_bs8': { inherits_from: '3d_fullres', batch_size: 8 },
      '3d_small': { inherits_from: '3d_fullres_bs8', patch_size: [32, 64, 64] },
      '3d_cascade_fullres': { inherits_from: '3d_fullres', previous_stage: '3d_lowres' },
      '3d_loop': { inherits_from: '3d_pool' },
      '3d_pool': { inherits_from: '3d_loop' },
    },
    experiment_planner_used: 'nnUNetPlannerResEncM',
    label_manager: 'LabelManager',
    foreground_intensity_properties_per_channel: { '0': INTENSITIES },
    ...change.plans,
  }
}

/** `plans.json` of the first releases (plain U-Net, z-score): no `architecture`. */
export function oldPlans() {
  return {
    dataset_name: 'Dataset004_Hippocampus',
    plans_name: 'nnUNetPlans',
    image_reader_writer: 'SimpleITKIO',
    transpose_forward: [0, 1, 2],
    transpose_backward: [0, 1, 2],
    configurations: {
      '3d_fullres': {
        preprocessor_name: 'DefaultPreprocessor',
        patch_size: [40, 56, 40],
        spacing: [1, 1, 1],
        normalization_schemes: ['ZScoreNormalization'],
        use_mask_for_norm: [true],
        UNet_class_name: 'PlainConvUNet',
        num_pool_per_axis: [3, 3, 3],
        pool_op_kernel_sizes: [
          [1, 1, 1],
          [2, 2, 2],
          [2, 2, 2],
          [2, 2, 2],
        ],
        ...RESAMPLING,
        batch_dice: false,
      },
    },
    label_manager: 'LabelManager',
    foreground_intensity_properties_by_modality: { '0': INTENSITIES },
  }
}

export function newDataset(change: object = {}) {
  return {
    channel_names: { '0': 'CT' },
    labels: { background: 0, pancreas: 1, tumour: 2 },
    numTraining: 281,
    file_ending: '.nii.gz',
    ...change,
  }
}

/** As converted from nnU-Net v1: `modality`, labels in any order. */
export const OLD_DATASET = {
  description: 'Left and right hippocampus segmentation',
  file_ending: '.nii.gz',
  labels: { Anterior: 1, Posterior: 2, background: 0 },
  licence: 'CC-BY-SA 4.0',
  modality: { '0': 'MRI' },
  name: 'Hippocampus',
  numTraining: 260,
}

/** A network of free tile size with one input and one output. */
export function networkOf(inputChannels: number, outputChannels: number): OnnxInterface {
  const shape = (channels: number) => [null, channels, null, null, null]
  return {
    opset: 17,
    inputs: [{ name: 'input', dtype: 'float32', shape: shape(inputChannels) }],
    outputs: [{ name: 'logits', dtype: 'float32', shape: shape(outputChannels) }],
  }
}

export const DEFAULT_OPTIONS: NnunetOptions = {
  configuration: '3d_fullres',
  fold: null,
  mirror: [],
  unit: 'mm',
  output: null,
  id: null,
  name: null,
  version: '1.0.0',
  licence: 'not stated',
  citation: null,
  description: null,
}
