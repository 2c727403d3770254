import type { Static } from 'typebox'
import type { ModelLabel, ModelManifest } from '../../shared/contract/model-package.ts'
import { defaultColor } from '../../shared/mask/label-colors.ts'
import { invalidModel, type NnunetDataset } from './nnunet-files.ts'

/** Labels of a model, how its channels become them, and how many channels that takes. */
export interface NnunetLabels {
  labels: Static<typeof ModelLabel>[]
  decode: ModelManifest['decode']
  channels: number
}

type LabelValue = NnunetDataset['labels'][string]

/** Values above are no label of a mask. */
const HIGHEST_LABEL = 65534

/**
 * Labels as nnU-Net's label manager reads them: with a label of several values the channels are regions, painted in
 * `regions_class_order`; without, they are the labels in ascending order. The ignore label is for training only.
 * @throws {DomainError} `model_invalid`
 * @see nnunetv2/utilities/label_handling/label_handling.py, LabelManager
 */
export function readLabels(dataset: NnunetDataset, name: string): NnunetLabels {
  const { ignore, ...labels } = dataset.labels
  if (labels.background !== 0) throw invalidModel(name, 'the label background of dataset.json is not 0')
  const all = [...new Set(Object.values(labels).flat())].sort((a, b) => a - b)
  if (ignore !== undefined && ignore !== all[all.length - 1] + 1)
    throw invalidModel(name, 'the ignore label of dataset.json is not its highest label')
  if (all[all.length - 1] > HIGHEST_LABEL) throw invalidModel(name, `dataset.json has a label above ${HIGHEST_LABEL}`)
  const hasRegions = Object.values(labels).some((value) => Array.isArray(value) && value.length > 1)
  return hasRegions ? readRegions(labels, dataset.regions_class_order ?? [], name) : readClasses(labels, all, name)
}

function readClasses(named: Record<string, LabelValue>, all: number[], name: string): NnunetLabels {
  if (all.some((value, index) => value !== index))
    throw invalidModel(name, `the labels of dataset.json are ${all.join(', ')}, not consecutive from 0`)
  const nameOf = (value: number) => Object.keys(named).find((key) => [named[key]].flat()[0] === value) ?? `${value}`
  return {
    labels: all.map((value) => label(value, nameOf(value))),
    decode: { mode: 'argmax', regions_order: null, threshold: null },
    channels: all.length,
  }
}

function readRegions(named: Record<string, LabelValue>, order: number[], name: string): NnunetLabels {
  const regions = Object.keys(named).filter((key) => [named[key]].flat().some((value) => value !== 0))
  if (order.length !== regions.length)
    throw invalidModel(
      name,
      `dataset.json has ${regions.length} regions, its regions_class_order has ${order.length} values`,
    )
  if (order.some((value) => value < 0 || value > HIGHEST_LABEL))
    throw invalidModel(name, 'the regions_class_order of dataset.json has values that are no labels')
  const painted = [...new Set(order.filter((value) => value !== 0))].sort((a, b) => a - b)
  // Two regions painted with one value are one label of the mask.
  const nameOf = (value: number) => regions.filter((_, index) => order[index] === value).join(' + ')
  return {
    labels: [label(0, 'background'), ...painted.map((value) => label(value, nameOf(value)))],
    decode: { mode: 'regions', regions_order: order, threshold: null },
    channels: order.length,
  }
}

function label(value: number, name: string): Static<typeof ModelLabel> {
  return { value, name, color: value === 0 ? '#000000' : defaultColor(value) }
}
