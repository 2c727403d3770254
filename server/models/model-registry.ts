import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Value } from 'typebox/value'
import { LEAST_STEP } from '../../shared/contract/least-step.ts'
import { ModelManifest } from '../../shared/contract/model-package.ts'
import type { ModelSummary } from '../../shared/contract/models.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import type { NetworkFacts } from '../inference/network-facts.ts'
import { checkOnnxFile } from './check-onnx-file.ts'
import { readNetworkFacts } from './read-network-facts.ts'
import { compareVersions } from './version-order.ts'

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

/** Told of a package that is left out, and why. */
type OnRefused = (folder: string, error: DomainError) => void

/**
 * The models of a server, every version of each: the packages of its model folders, and those that were installed into its
 * data folder while it runs. A model is named by `id`, which is its newest version, or by `id@version`.
 */
export class ModelRegistry {
  /** By id, newest version first; written by `put` and `remove` only. */
  private readonly packages = new Map<string, ModelPackage[]>()
  private readonly installedFolder: string | null

  private constructor(installedFolder: string | null) {
    this.installedFolder = installedFolder
  }

  /**
   * Loads all packages below the given folders; a folder may also be a package itself. Of two with the same id and version
   * in these folders the later one counts.
   * @param onRefused told of packages that do not satisfy their own contract; they are left out
   * @param installedFolder holds installed packages as `<id>/<version>`; an installed one never takes another's place
   */
  static async load(
    folders: readonly string[],
    onRefused: OnRefused,
    installedFolder: string | null = null,
  ): Promise<ModelRegistry> {
    const registry = new ModelRegistry(installedFolder)
    for (const folder of (await Promise.all(folders.map(packageFolders))).flat())
      await loadOrRefuse(folder, onRefused, (found) => registry.put(found))
    for (const folder of installedFolder === null ? [] : await installedFolders(installedFolder))
      await loadOrRefuse(folder, onRefused, (found) => registry.add(found))
    return registry
  }

  /** Every version of every model; the versions of a model together, newest first. */
  list(): ModelPackage[] {
    return [...this.packages.values()].flat()
  }

  /** @param name `id` for the newest version, or `id@version` @throws {DomainError} `model_not_found` */
  get(name: string): ModelPackage {
    const { id, version } = splitName(name)
    const found = version === null ? this.versions(id)[0] : this.find(id, version)
    if (!found) throw new DomainError('model_not_found', { model: name })
    return found
  }

  find(id: string, version: string): ModelPackage | undefined {
    return this.versions(id).find(({ manifest }) => manifest.version === version)
  }

  /** All versions of a model, newest first; none where there is no such model. */
  versions(id: string): ModelPackage[] {
    return this.packages.get(id) ?? []
  }

  /** True for a package that was installed into the data folder, false for one of a model folder. */
  isInstalled({ folder }: ModelPackage): boolean {
    return this.installedFolder !== null && folder.startsWith(this.installedFolder + path.sep)
  }

  /** @throws {DomainError} `model_exists` where this version is there already */
  add(added: ModelPackage): void {
    const { id, version } = added.manifest
    if (this.find(id, version)) throw new DomainError('model_exists', { model: id, version })
    this.put(added)
  }

  remove({ manifest: { id, version } }: ModelPackage): void {
    const kept = this.versions(id).filter(({ manifest }) => manifest.version !== version)
    if (kept.length > 0) this.packages.set(id, kept)
    else this.packages.delete(id)
  }

  private put(one: ModelPackage): void {
    const { id, version } = one.manifest
    const others = this.versions(id).filter(({ manifest }) => manifest.version !== version)
    this.packages.set(
      id,
      [...others, one].sort((a, b) => compareVersions(b.manifest.version, a.manifest.version)),
    )
  }
}

/** The name of exactly this version, as `ModelRegistry.get` takes it. */
export function exactName(id: string, version: string): string {
  return `${id}@${version}`
}

/** The parts of a model's name; the version is null where it is left out. */
export function splitName(name: string): { id: string; version: string | null } {
  const at = name.indexOf('@')
  return at < 0 ? { id: name, version: null } : { id: name.slice(0, at), version: name.slice(at + 1) }
}

async function loadOrRefuse(folder: string, onRefused: OnRefused, take: (found: ModelPackage) => void): Promise<void> {
  try {
    take(await loadModelPackage(folder))
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    onRefused(folder, error)
  }
}

async function packageFolders(folder: string): Promise<string[]> {
  const items = await readdir(folder, { withFileTypes: true }).catch(() => [])
  if (items.some((item) => item.name === 'model.json')) return [folder]
  return subfolders(folder)
}

async function installedFolders(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const model of await subfolders(folder)) found.push(...(await subfolders(model)))
  return found
}

/** Hidden ones hold what is not ready. */
async function subfolders(folder: string): Promise<string[]> {
  const items = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const folders = items.filter((item) => item.isDirectory() && !item.name.startsWith('.'))
  return folders.map((item) => path.join(folder, item.name)).sort()
}

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
