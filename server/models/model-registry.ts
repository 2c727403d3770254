import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Value } from 'typebox/value'
import { ModelManifest } from '../../shared/contract/model-package.ts'
import type { ModelSummary } from '../../shared/contract/models.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'

/** A checked model package on disk. */
export interface ModelPackage {
  folder: string
  manifest: ModelManifest
}

/** `model.json` files are small; larger ones are not read. */
const MAX_MANIFEST_BYTES = 1024 * 1024

/** The models of a server: every package in its folders, checked when the registry is made. */
export class ModelRegistry {
  private readonly packages = new Map<string, ModelPackage>()

  private constructor(packages: ModelPackage[]) {
    for (const one of packages) this.packages.set(one.manifest.id, one)
  }

  /**
   * Loads all packages below the given folders; a folder may also be a package itself.
   * @param onRefused told of packages that do not satisfy their own contract; they are left out
   */
  static async load(
    folders: readonly string[],
    onRefused: (folder: string, error: DomainError) => void,
  ): Promise<ModelRegistry> {
    const packages: ModelPackage[] = []
    for (const folder of (await Promise.all(folders.map(packageFolders))).flat()) {
      try {
        packages.push(await loadModelPackage(folder))
      } catch (error) {
        if (!(error instanceof DomainError)) throw error
        onRefused(folder, error)
      }
    }
    return new ModelRegistry(packages)
  }

  list(): ModelPackage[] {
    return [...this.packages.values()]
  }

  /** @throws {DomainError} `model_not_found` */
  get(id: string): ModelPackage {
    const found = this.packages.get(id)
    if (!found) throw new DomainError('model_not_found', { model: id })
    return found
  }
}

async function packageFolders(folder: string): Promise<string[]> {
  const items = await readdir(folder, { withFileTypes: true }).catch(() => [])
  if (items.some((item) => item.name === 'model.json')) return [folder]
  return items.filter((item) => item.isDirectory()).map((item) => path.join(folder, item.name))
}

/**
 * Reads and checks one package: its manifest against the schema, the network's file against size and hash.
 * @throws {DomainError} `model_invalid`
 */
export async function loadModelPackage(folder: string): Promise<ModelPackage> {
  const name = path.basename(folder)
  const manifest = await readManifest(path.join(folder, 'model.json'), name)
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
  return { folder, manifest }
}

async function readManifest(file: string, name: string): Promise<ModelManifest> {
  const size = (await stat(file).catch(() => null))?.size
  if (size === undefined) throw new DomainError('model_invalid', { name, reason: 'it has no model.json' })
  if (size > MAX_MANIFEST_BYTES) throw new DomainError('model_invalid', { name, reason: 'model.json is too large' })
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new DomainError('model_invalid', { name, reason: 'model.json is not JSON', cause })
  }
  if (Value.Check(ModelManifest, value)) return value
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

/** A model as clients see it. */
export function summariseModel({ manifest }: ModelPackage): ModelSummary {
  return {
    id: manifest.id,
    name: manifest.name,
    version: manifest.version,
    licence: manifest.licence,
    citation: manifest.citation,
    description: manifest.description,
    sha256: manifest.onnx.sha256,
    size_bytes: manifest.onnx.bytes,
    channels: manifest.normalization.map((rule) => rule.channel),
    spacing: manifest.spacing,
    patch_zyx: manifest.tiles.patch_zyx,
    step: manifest.tiles.step,
    divisible_by_zyx: manifest.tiles.divisible_by_zyx,
    mirror_axes_allowed: manifest.mirror_axes_allowed,
    labels: manifest.labels,
  }
}

/** @throws {DomainError} `patch_not_divisible` */
export function checkPatch(manifest: ModelManifest, patchZyx: Zyx): void {
  const { divisible_by_zyx: divisibleByZyx } = manifest.tiles
  if (patchZyx.some((size, axis) => size % divisibleByZyx[axis] !== 0))
    throw new DomainError('patch_not_divisible', { patchZyx, divisibleByZyx })
}
