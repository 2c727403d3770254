import type { ModelManifest } from '../../shared/contract/model-package.ts'
import type { LengthUnit } from '../../shared/volume/header.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import {
  checkDataset,
  checkPlans,
  invalidModel,
  type NnunetConfiguration,
  type NnunetPlans,
  resolveConfiguration,
  unsupportedModel,
} from './nnunet-files.ts'
import { type NnunetLabels, readLabels } from './nnunet-labels.ts'
import { readChannels, readNormalization, readResampling } from './nnunet-preprocessing.ts'
import type { OnnxInterface, OnnxTensor } from './onnx-interface.ts'

/** What one training of nnU-Net v2 left behind. */
export interface NnunetExport {
  /** Parsed `plans.json`. */
  plans: unknown
  /** Parsed `dataset.json`. */
  dataset: unknown
  network: OnnxInterface
}

/** What the files do not say. */
export interface NnunetOptions {
  configuration: string
  fold: string | null
  /** `inference_allowed_mirroring_axes` of the checkpoint: 0, 1, 2 are z, y, x. */
  mirror: ModelManifest['mirror_axes_allowed']
  /** The unit in which the training files gave their spacing. */
  unit: LengthUnit
  /** Which output is the result; only asked where there are several. */
  output: string | null
  id: string | null
  name: string | null
  version: string
  licence: string
  citation: string | null
  description: string | null
}

/** A manifest whose ONNX file is not in its package yet. */
export type ManifestDraft = Omit<ModelManifest, 'onnx'> & { onnx: Pick<ModelManifest['onnx'], 'opset'> }

export interface NnunetImport {
  manifest: ManifestDraft
  /** What the user should know and the manifest cannot say. */
  notes: string[]
}

/** nnU-Net's sliding window: half a tile, sigma of an eighth of the patch, zeros around. */
const NNUNET_TILES = { step: 0.5, gaussian: true, sigma_scale: 0.125, pad_value: 0, batch: 1 }

/**
 * The manifest of a network that nnU-Net v2 trained, so that it runs as nnU-Net runs it.
 *
 * Spacing, patch and mirror axes stay in the order of the network's axes, which is that of the plans after
 * `transpose_forward`.
 * @throws {DomainError} `model_invalid`, `model_feature_unsupported`
 */
export function importNnunet(found: NnunetExport, options: NnunetOptions): NnunetImport {
  const plans = checkPlans(found.plans, options.id ?? 'nnU-Net')
  const id = options.id ?? defaultId(plans, options)
  const dataset = checkDataset(found.dataset, id)
  const configuration = resolveConfiguration(plans, options.configuration, id)
  checkIsSupported(plans, configuration, options.configuration, id)
  const channels = readChannels(dataset, id)
  const classes = readLabels(dataset, id)
  const { input, output } = readTensors(found.network, channels.length, classes, options.output, id)
  const { policy, resampling } = readResampling(configuration, id)
  const title = dataset.name ?? plans.dataset_name ?? 'nnU-Net'
  const manifest: ManifestDraft = {
    schema_version: 1,
    id,
    name: options.name ?? `${title}, ${options.configuration}`,
    version: options.version,
    licence: options.licence,
    citation: options.citation,
    description: options.description ?? dataset.description?.trim() ?? '',
    onnx: { opset: found.network.opset },
    input: { ...input, layout: 'NCDHW', channels: channels.length },
    output: { ...output, layout: 'NCDHW', channels: classes.channels, activation: 'none' },
    axes: readAxes(plans, id),
    spacing: { target_zyx: triple(configuration.spacing), unit: options.unit, policy },
    // nnU-Net always crops to what is not zero.
    crop: { nonzero: true },
    normalization: readNormalization(channels, configuration, plans, id),
    resampling,
    tiles: { ...NNUNET_TILES, ...readPatch(configuration, found.network.inputs[0], id) },
    mirror_axes_allowed: options.mirror,
    labels: classes.labels,
    decode: classes.decode,
    postprocess: { keep_largest: [], smallest_object_voxels: 0 },
    requirements: { device_bytes: null, host_bytes: null },
    provenance: {
      dataset: plans.dataset_name ?? dataset.name ?? null,
      plans: plans.plans_name ?? null,
      configuration: options.configuration,
      fold: options.fold,
      trainer: null,
    },
  }
  return { manifest, notes: notesOn(plans) }
}

/** `Dataset004_Hippocampus`, `3d_fullres`, 0 → `dataset004_hippocampus-3d_fullres-fold0`. */
function defaultId(plans: NnunetPlans, { configuration, fold }: NnunetOptions): string {
  const parts = [plans.dataset_name ?? 'nnunet', configuration, ...(fold === null ? [] : [`fold${fold}`])]
  const id = parts
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
  return id.slice(0, 100) || 'nnunet'
}

function checkIsSupported(plans: NnunetPlans, configuration: NnunetConfiguration, name: string, id: string): void {
  if (configuration.patch_size.length !== 3 || configuration.spacing.length !== 3)
    throw unsupportedModel(id, `the 2D configuration ${name}`)
  if (configuration.previous_stage)
    throw unsupportedModel(id, `a cascade: ${name} needs the result of ${configuration.previous_stage}`)
  const { preprocessor_name: preprocessor = 'DefaultPreprocessor' } = configuration
  if (preprocessor !== 'DefaultPreprocessor') throw unsupportedModel(id, `the preprocessor ${preprocessor}`)
  const { label_manager: labelManager = 'LabelManager' } = plans
  if (labelManager !== 'LabelManager') throw unsupportedModel(id, `the label manager ${labelManager}`)
}

function readAxes(plans: NnunetPlans, id: string): ModelManifest['axes'] {
  const [forward, backward] = [triple(plans.transpose_forward), triple(plans.transpose_backward)]
  const isInverse = [0, 1, 2].every((axis) => forward[backward[axis]] === axis && backward[forward[axis]] === axis)
  if (!isInverse)
    throw invalidModel(id, 'transpose_forward and transpose_backward of plans.json do not undo each other')
  return { transpose_forward: forward, transpose_backward: backward }
}

function readTensors(
  network: OnnxInterface,
  numChannels: number,
  classes: NnunetLabels,
  wanted: string | null,
  id: string,
) {
  if (network.inputs.length !== 1)
    throw unsupportedModel(id, `several inputs (${network.inputs.map((input) => input.name).join(', ')})`)
  const names = network.outputs.map((output) => output.name)
  if (wanted === null && names.length > 1)
    throw invalidModel(
      id,
      `the network has the outputs ${names.join(', ')}; export it without deep supervision, or name one with --output`,
    )
  const output = network.outputs[wanted === null ? 0 : names.indexOf(wanted)]
  if (!output) throw invalidModel(id, `the network has no output ${wanted}; it has ${names.join(', ')}`)
  return {
    input: readTensor(network.inputs[0], 'takes', numChannels, `dataset.json names ${numChannels}`, id),
    output: readTensor(output, 'gives', classes.channels, `the labels of dataset.json need ${classes.channels}`, id),
  }
}

/** A size that the file leaves free is not known before a tile runs. */
function readTensor(tensor: OnnxTensor, verb: string, channels: number, expected: string, id: string) {
  const { name, dtype, shape } = tensor
  if (dtype !== 'float32' && dtype !== 'float16') throw unsupportedModel(id, `${dtype} for ${name}`)
  if (shape !== null && shape.length !== 5)
    throw invalidModel(id, `the network ${verb} ${name} with ${shape.length} axes, not batch, channel, z, y, x`)
  if (shape && (shape[0] ?? 1) !== 1) throw unsupportedModel(id, `a fixed batch of ${shape[0]}`)
  if (shape && (shape[1] ?? channels) !== channels)
    throw invalidModel(id, `the network ${verb} ${shape[1]} ${shape[1] === 1 ? 'channel' : 'channels'}, ${expected}`)
  return { name, dtype } as const
}

/**
 * The patch of the plans, and what a side must be a multiple of: the product of the strides along its axis, or the patch
 * itself where the network was exported for one size or its plans name no strides.
 */
function readPatch(configuration: NnunetConfiguration, input: OnnxTensor, id: string) {
  const patch = triple(configuration.patch_size)
  const sides = input.shape?.slice(2) ?? [null, null, null]
  if (sides.some((side, axis) => side !== null && side !== patch[axis]))
    throw invalidModel(
      id,
      `the network takes tiles of ${sides.map((side) => side ?? 'any').join(' × ')}, the patch of plans.json is ${patch.join(' × ')}`,
    )
  const strides = configuration.architecture?.arch_kwargs.strides ?? configuration.pool_op_kernel_sizes
  const divisor = (axis: 0 | 1 | 2) =>
    strides === undefined || sides[axis] !== null ? patch[axis] : product(strides, axis, id)
  return {
    patch_zyx: patch,
    divisible_by_zyx: [divisor(0), divisor(1), divisor(2)] satisfies Zyx as [number, number, number],
  }
}

/** A stride is one number for all axes or one for each. */
function product(strides: unknown[], axis: number, id: string): number {
  return strides.reduce<number>((all, stride) => {
    const one = Array.isArray(stride) ? stride[axis] : stride
    if (!Number.isInteger(one) || one < 1) throw invalidModel(id, 'the strides of plans.json are not whole numbers')
    return all * one
  }, 1)
}

function triple<T>([a, b, c]: T[]): [T, T, T] {
  return [a, b, c]
}

function notesOn({ image_reader_writer: reader }: NnunetPlans): string[] {
  if (reader !== 'NibabelIOWithReorient') return []
  return ['nnU-Net turned the training files to RAS; give volumes that lie that way, they are not turned here.']
}
