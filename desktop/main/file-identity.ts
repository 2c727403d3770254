import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { type Static, Type } from 'typebox'
import { hashOfSamples } from '../../shared/client/fingerprint.ts'
import { asReadProblem, openFileSource } from '../../shared/node/file-source.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import type { VoxelSource } from '../../shared/volume/header.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { omeZarrFolder, openOmeZarr } from './volume-service/ome-zarr.ts'

/** What tells later whether the file at a path is still the same volume. */
export const FileIdentity = Type.Object({
  size_bytes: Type.Number(),
  modified_ms: Type.Number(),
  /** Of some of its bytes, or voxels; the same after the file was touched or copied. */
  samples_sha256: Type.String(),
})
export type FileIdentity = Static<typeof FileIdentity>

/** Size and time of change of everything that a volume is stored in. */
export interface FileStamp {
  sizeBytes: number
  modifiedMs: number
}

/** Files that describe an OME-Zarr image and its arrays. */
const METADATA = ['zarr.json', '.zattrs', '.zgroup', '.zarray']

/** Edge of the boxes that stand for an image in many files: a few chunks of it are read. */
const BOX_EDGE = 32

/**
 * What a volume file is now.
 * @throws {DomainError} `file_not_found`, `file_unreadable`, `format_*`
 */
export async function identityOf(file: string): Promise<FileIdentity> {
  const { sizeBytes, modifiedMs } = await stampOf(file)
  return { size_bytes: sizeBytes, modified_ms: modifiedMs, samples_sha256: await hashSamples(file) }
}

/**
 * Whether a file is still the volume that it was. One that was only touched, or copied to its place again, is.
 * @throws {DomainError} `file_not_found`, `file_unreadable`, `format_*`
 */
export function isStill(file: string, before: FileIdentity): Promise<boolean> {
  return comparisonWith(file)(before)
}

/** As `isStill`, for several questions about one file: it is read once at most. */
export function comparisonWith(file: string): (before: FileIdentity) => Promise<boolean> {
  let samples: Promise<string> | null = null
  return async (before) => {
    const { sizeBytes, modifiedMs } = await stampOf(file)
    if (sizeBytes !== before.size_bytes) return false
    // The data of a detached header may have any name: its own time says nothing of theirs.
    if (modifiedMs === before.modified_ms && !/\.nhdr$/i.test(file)) return true
    samples ??= hashSamples(file)
    return (await samples) === before.samples_sha256
  }
}

/**
 * Of an OME-Zarr image what describes it, which whoever writes the image anew writes; of a header with its data beside
 * it both.
 * @throws {DomainError} `file_not_found`, `file_unreadable`
 */
export async function stampOf(file: string): Promise<FileStamp> {
  try {
    const facts = await Promise.all((await filesOf(file)).map((one) => stat(one)))
    return {
      sizeBytes: facts.reduce((sum, { size }) => sum + size, 0),
      modifiedMs: Math.max(...facts.map(({ mtimeMs }) => mtimeMs)),
    }
  } catch (error) {
    throw asReadProblem(error, path.basename(file))
  }
}

async function filesOf(file: string): Promise<string[]> {
  const folder = await omeZarrFolder(file)
  if (folder) return metadataOf(folder)
  if (!isDetached(file)) return [file]
  const stem = path.basename(file).replace(/\.[^.]*(\.(gz|bz2))?$/i, '')
  const names = await readdir(path.dirname(file))
  return names.filter((name) => name.startsWith(`${stem}.`)).map((name) => path.join(path.dirname(file), name))
}

/** The image's own and those of its arrays; folders of chunks, which may be many, are not listed. */
async function metadataOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const places = [folder, ...entries.filter((one) => one.isDirectory()).map(({ name }) => path.join(folder, name))]
  return places.flatMap((place) => METADATA.map((name) => path.join(place, name))).filter((file) => existsSync(file))
}

function isDetached(file: string): boolean {
  return /\.(hdr|img|nhdr)(\.(gz|bz2))?$/i.test(file)
}

async function hashSamples(file: string): Promise<string> {
  const folder = await omeZarrFolder(file)
  if (folder) return hashBoxes((await openOmeZarr(folder)).source)
  if (isDetached(file)) return hashBoxes(await openVolumeFile(file))
  const source = await openFileSource(file)
  try {
    return await hashOfSamples(source)
  } finally {
    await source.close()
  }
}

/** Of shape, voxel size, and boxes along the diagonal of a volume, which is closed. */
async function hashBoxes(source: VoxelSource): Promise<string> {
  try {
    const { shapeZyx, dtype, affine } = source.header
    const hash = createHash('sha256').update(JSON.stringify([shapeZyx, dtype, affine]))
    const box = shapeZyx.map((size) => Math.min(BOX_EDGE, size)) as unknown as Zyx
    for (const part of [0, 0.25, 0.5, 0.75, 1]) {
      const start = shapeZyx.map((size, axis) => Math.floor((size - box[axis]) * part)) as unknown as Zyx
      const voxels = await source.readBox(start, box)
      hash.update(new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength))
    }
    return hash.digest('hex')
  } finally {
    await source.close()
  }
}
