import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import type { ModelSummary } from '../../shared/contract/models.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { loadModelPackage, type ModelPackage } from './load-package.ts'
import { compareVersions } from './version-order.ts'

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
  return subfolders(folder, isFolder)
}

/** Also through a link: who runs the server set the folder up. */
async function isFolder(location: string): Promise<boolean> {
  return (await stat(location).catch(() => null))?.isDirectory() ?? false
}

async function installedFolders(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const model of await subfolders(folder)) found.push(...(await subfolders(model)))
  return found
}

/** Hidden ones hold what is not ready. @param isOne of what is no folder itself */
async function subfolders(folder: string, isOne = async (_location: string) => false): Promise<string[]> {
  const items = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const found: string[] = []
  for (const item of items) {
    const location = path.join(folder, item.name)
    if (!item.name.startsWith('.') && (item.isDirectory() || (await isOne(location)))) found.push(location)
  }
  return found.sort()
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
