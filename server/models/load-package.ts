import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Value } from 'typebox/value'
import { LEAST_STEP } from '../../shared/contract/least-step.ts'
import { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { numVoxels } from '../../shared/volume/zyx.ts'
import type { NetworkFacts } from '../inference/network-facts.ts'
import { checkOnnxFile } from './check-onnx-file.ts'
import { readNetworkFacts } from './read-network-facts.ts'

/** A checked model package on disk. */
export interface ModelPackage {
  folder: string
  manifest: ModelManifest
  /** Of `model.json` as it lies on disk. */
  manifestSha256: string
  /** What its file says of the network. */
  network: NetworkFacts
}

/** `model.json` files are small; larger ones are not read. */
const MAX_MANIFEST_BYTES = 1024 * 1024

/**
 * Reads and checks one package: its manifest against the schema, the network's file against size and hash, and that it
 * refers to nothing outside itself.
 * @throws {DomainError} `model_invalid`
 */
export async function loadModelPackage(folder: string): Promise<ModelPackage> {
  const name = path.basename(folder)
  const { manifest, manifestSha256 } = await readManifest(path.join(folder, 'model.json'), name)
  checkConsistency(manifest, name)
  const file = path.join(folder, manifest.onnx.file)
  const size = (await stat(file).catch(() => null))?.size
  if (size !== manifest.onnx.bytes)
    throw new DomainError('model_invalid', {
      name,
      reason: `${manifest.onnx.file} does not have ${manifest.onnx.bytes} bytes`,
    })
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  if (hash.digest('hex') !== manifest.onnx.sha256)
    throw new DomainError('model_invalid', { name, reason: `${manifest.onnx.file} has another SHA-256` })
  await checkOnnxFile(file, name)
  return { folder, manifest, manifestSha256, network: await readNetworkFacts(file, manifest) }
}

async function readManifest(file: string, name: string): Promise<Omit<ModelPackage, 'folder' | 'network'>> {
  const size = (await stat(file).catch(() => null))?.size
  if (size === undefined) throw new DomainError('model_invalid', { name, reason: 'it has no model.json' })
  if (size > MAX_MANIFEST_BYTES) throw new DomainError('model_invalid', { name, reason: 'model.json is too large' })
  let value: unknown
  let bytes: Buffer
  try {
    bytes = await readFile(file)
    value = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new DomainError('model_invalid', { name, reason: 'model.json is not JSON', cause })
  }
  if (Value.Check(ModelManifest, value))
    return { manifest: value, manifestSha256: createHash('sha256').update(bytes).digest('hex') }
  throw new DomainError('model_invalid', { name, reason: firstFault(value) })
}

/** The first thing that is wrong with a manifest, with the key that it is about. */
function firstFault(value: unknown): string {
  const errors = [...Value.Errors(ModelManifest, value)]
  const unknown = errors.find((error) => error.keyword === 'additionalProperties')
  if (unknown) {
    const keys = (unknown.params as { additionalProperties: string[] }).additionalProperties
    return `model.json${unknown.instancePath} has the unknown key ${keys.join(', ')}`
  }
  return `model.json${errors[0]?.instancePath ?? ''} ${errors[0]?.message ?? 'is not valid'}`
}

function checkConsistency(manifest: ModelManifest, name: string): void {
  const refuse = (reason: string): never => {
    throw new DomainError('model_invalid', { name, reason })
  }
  const unusable = unusableNumbers(manifest)
  if (unusable) refuse(unusable)
  const { mode, regions_order: order, threshold } = manifest.decode
  const { channels } = manifest.output
  if (manifest.normalization.length !== manifest.input.channels) refuse('it needs one normalisation per input channel')
  if (mode === 'argmax' && manifest.labels.length !== channels)
    refuse(`argmax over ${channels} channels needs as many labels`)
  if (mode === 'regions' && order?.length !== channels) refuse(`regions need an order of ${channels} labels`)
  if (mode === 'threshold' && (channels !== 1 || threshold === null))
    refuse('threshold needs one output channel and a threshold')
  const values = manifest.labels.map((label) => label.value)
  if (new Set(values).size !== values.length) refuse('two labels have the same value')
  if (!values.includes(0)) refuse('it has no background label (value 0)')
  if (mode === 'regions' && order?.some((value) => !values.includes(value)))
    refuse('the regions name a label that does not exist')
  if (manifest.tiles.patch_zyx.some((size, axis) => size % manifest.tiles.divisible_by_zyx[axis] !== 0))
    refuse('its patch is not divisible as it says')
}

/** Larger patches than this are a slip of the keyboard, not a wish: 1024³ voxels. */
export const MOST_PATCH_VOXELS = 1024 ** 3

/** A wider Gaussian is flat over its tile, and its kernel longer than any tile. */
const MOST_SIGMA_SCALE = 10

/** Numbers that no run can use, or that would take the memory of whoever tries. */
function unusableNumbers({ tiles, normalization }: ModelManifest): string | null {
  for (const rule of normalization) {
    if (rule.scheme === 'percentile' && rule.low >= rule.high)
      return `the percentiles of ${rule.channel} go from ${rule.low} to ${rule.high}`
    if (rule.scheme === 'ct' && rule.percentile_00_5 >= rule.percentile_99_5)
      return `the values of ${rule.channel} are clipped from ${rule.percentile_00_5} to ${rule.percentile_99_5}`
  }
  if (numVoxels(tiles.patch_zyx) > MOST_PATCH_VOXELS) return `its patch has more than ${MOST_PATCH_VOXELS} voxels`
  if (tiles.step < LEAST_STEP) return `its step is below ${LEAST_STEP}`
  return tiles.sigma_scale > MOST_SIGMA_SCALE ? `its sigma_scale is above ${MOST_SIGMA_SCALE}` : null
}
