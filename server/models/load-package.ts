import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Value } from 'typebox/value'
import { LEAST_STEP } from '../../shared/contract/least-step.ts'
import { ModelManifest } from '../../shared/contract/model-package.ts'
import { MOST_TILES_AT_ONCE } from '../../shared/contract/tiles-at-once.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { shownText } from '../../shared/errors/shown-text.ts'
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
 * @param name for messages
 * @throws {DomainError} `model_invalid`
 */
export async function loadModelPackage(folder: string, name = path.basename(folder)): Promise<ModelPackage> {
  const { manifest, manifestSha256 } = await readManifest(path.join(folder, 'model.json'), name)
  checkConsistency(manifest, name)
  const file = path.join(folder, manifest.onnx.file)
  if ((await sizeOfFile(file)) !== manifest.onnx.bytes)
    throw new DomainError('model_invalid', {
      name,
      reason: `${manifest.onnx.file} is not a file of ${manifest.onnx.bytes} bytes`,
    })
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash).catch((cause) => {
    throw new DomainError('model_invalid', {
      name,
      reason: `${manifest.onnx.file} cannot be read (${cause.code})`,
      cause,
    })
  })
  if (hash.digest('hex') !== manifest.onnx.sha256)
    throw new DomainError('model_invalid', { name, reason: `${manifest.onnx.file} has another SHA-256` })
  await checkOnnxFile(file, name)
  return { folder, manifest, manifestSha256, network: await readNetworkFacts(file, manifest) }
}

/** Null where there is no file of this name: pipes and devices have neither a size nor an end. */
async function sizeOfFile(file: string): Promise<number | null> {
  const found = await stat(file).catch(() => null)
  return found?.isFile() ? found.size : null
}

async function readManifest(file: string, name: string): Promise<Omit<ModelPackage, 'folder' | 'network'>> {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new DomainError('model_invalid', { name, reason, cause })
  }
  const size = await sizeOfFile(file)
  if (size === null) return refuse('it has no model.json')
  if (size > MAX_MANIFEST_BYTES) refuse('model.json is too large')
  const bytes = await readFile(file).catch((cause) => refuse(`model.json cannot be read (${cause.code})`, cause))
  const value = parseJson(bytes)
  if (value === undefined) return refuse('model.json is not JSON in UTF-8')
  if (Value.Check(ModelManifest, value))
    return { manifest: value, manifestSha256: createHash('sha256').update(bytes).digest('hex') }
  return refuse(firstFault(value))
}

/** Undefined where the bytes are no JSON. Editors of Windows begin a file with a mark of its encoding. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

/** The first thing that is wrong with a manifest, with the key that it is about. */
function firstFault(value: unknown): string {
  const errors = [...Value.Errors(ModelManifest, value)]
  const unknown = errors.find((error) => error.keyword === 'additionalProperties')
  if (unknown) {
    const keys = (unknown.params as { additionalProperties: string[] }).additionalProperties
    return `model.json${unknown.instancePath} has the unknown key ${shownText(keys.join(', '))}`
  }
  const [{ instancePath, keyword, message } = { instancePath: '', keyword: '', message: 'is not valid' }] = errors
  const place = shownText(`model.json${instancePath}`)
  // So many unknown keys that their list did not come.
  return keyword === 'boolean' ? `${place} is an unknown key` : `${place} ${message}`
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
  const { policy, target_zyx: target, unit } = manifest.spacing
  if (policy === 'resample' && (target === null || unit === null))
    refuse('its spacing has the policy resample, which needs target_zyx and unit')
  if (policy === 'warn' && target !== null && unit === null) refuse('its spacing has a target_zyx without a unit')
  const values = manifest.labels.map((label) => label.value)
  if (new Set(values).size !== values.length) refuse('two labels have the same value')
  if (!values.includes(0)) refuse('it has no background label (value 0)')
  if (mode === 'regions' && order?.some((value) => !values.includes(value)))
    refuse('the regions name a label that does not exist')
  if (mode === 'regions' && order?.every((value) => value === 0)) refuse('its regions paint nothing but background')
  if (manifest.tiles.patch_zyx.some((size, axis) => size % manifest.tiles.divisible_by_zyx[axis] !== 0))
    refuse('its patch is not divisible as it says')
}

/** Larger patches than this are a slip of the keyboard, not a wish: 1024³ voxels. */
export const MOST_PATCH_VOXELS = 1024 ** 3

/** A wider Gaussian is flat over its tile, and its kernel longer than any tile. */
const MOST_SIGMA_SCALE = 10

/** Numbers that no run can use, or that would take the memory of whoever tries. */
function unusableNumbers({ tiles, normalization, postprocess }: ModelManifest): string | null {
  if (tiles.batch > MOST_TILES_AT_ONCE) return `its batch is above ${MOST_TILES_AT_ONCE}`
  if (!Number.isSafeInteger(postprocess.smallest_object_voxels)) return 'its smallest_object_voxels is too large'
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
