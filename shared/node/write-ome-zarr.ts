import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { deflate, inflate } from 'node:zlib'
import { DomainError } from '../errors/domain-error.ts'
import { omeZarrAttributes, type ZarrImage, type ZarrLabel, zarrArray } from '../formats/ome-zarr-metadata.ts'
import { newVoxels } from '../formats/raw-voxel-source.ts'
import { defaultColor } from '../mask/label-colors.ts'
import { BYTES_PER_VOXEL, type VoxelArray } from '../volume/dtype.ts'
import type { BoxReader, OutputVolume, VolumeWarning } from '../volume/header.ts'
import type { Zyx } from '../volume/zyx.ts'
import { asWriteProblem } from './write-volume.ts'

const pack = promisify(deflate)
const unpack = promisify(inflate)

// 256 kB of labels: what napari and the web viewers ask for at once.
const CHUNK: Zyx = [64, 64, 64]
// The coarsest level is small enough to be read whole at once.
const COARSEST_AXIS = 256

/** A volume that is written as OME-Zarr; for `labels` the names and colours that are known. */
export interface OmeZarrOutput extends OutputVolume {
  name: string
  labels?: readonly ZarrLabel[]
}

/** True for a name that OME-Zarr is written under. */
export function isOmeZarrName(file: string): boolean {
  return /\.zarr$/i.test(file)
}

/**
 * Writes an OME-Zarr 0.4 image, a folder of zlib chunks, by way of `folder.partial`. Labels get
 * coarser levels of every 2nd, 4th, … voxel; grey values get none. Every chunk is read back and compared. Holds one row of chunks.
 * @returns what the format cannot express of the source's geometry
 * @throws {DomainError} `file_unwritable` also where something with that name exists, `canceled`
 */
export async function writeOmeZarr(
  folder: string,
  volume: OmeZarrOutput,
  voxels: BoxReader,
  signal?: AbortSignal,
): Promise<VolumeWarning[]> {
  const partial = `${folder}.partial`
  const exists = await stat(folder).then(
    () => true,
    () => false,
  )
  // A folder could hold anything; only files are replaced.
  if (exists) throw new DomainError('file_unwritable', { path: path.basename(folder), reason: 'it exists already' })
  try {
    await rm(partial, { recursive: true, force: true })
    await mkdir(partial)
    const bins = volume.kind === 'labels' ? binsOf(volume.shapeZyx) : [1]
    const seen = new Set<number>()
    for (const [level, bin] of bins.entries())
      await writeLevel(
        path.join(partial, String(level)),
        { volume, bin, signal, seen: level === 0 ? seen : null },
        voxels,
      )
    const labels = volume.kind === 'labels' ? labelsOf(seen, volume.labels ?? []) : null
    const image: ZarrImage = { ...volume, bins, labels }
    const { attributes, warnings } = omeZarrAttributes(image)
    await writeJson(path.join(partial, '.zattrs'), attributes)
    await writeJson(path.join(partial, '.zgroup'), { zarr_format: 2 })
    await rename(partial, folder)
    return warnings
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined)
    throw asWriteProblem(error, folder)
  }
}

function binsOf(shapeZyx: Zyx): number[] {
  const bins = [1]
  while (Math.max(...shapeZyx) / bins[bins.length - 1] > COARSEST_AXIS) bins.push(bins[bins.length - 1] * 2)
  return bins
}

function labelsOf(seen: ReadonlySet<number>, known: readonly ZarrLabel[]): ZarrLabel[] {
  return [...seen]
    .sort((a, b) => a - b)
    .map((value) => {
      const found = known.find((one) => one.value === value)
      return { value, name: found?.name ?? `label ${value}`, color: found?.color ?? defaultColor(value) }
    })
}

interface LevelOutput {
  volume: OmeZarrOutput
  bin: number
  /** Takes the values that occur. */
  seen: Set<number> | null
  signal?: AbortSignal
}

async function writeLevel(folder: string, level: LevelOutput, voxels: BoxReader): Promise<void> {
  const { volume, bin, seen, signal } = level
  const [nz, ny, nx] = volume.shapeZyx.map((size) => Math.ceil(size / bin))
  const [cz, cy] = CHUNK
  await mkdir(folder)
  await writeJson(path.join(folder, '.zarray'), zarrArray([nz, ny, nx], CHUNK, volume.dtype))
  for (let z = 0; z < nz; z += cz)
    for (let y = 0; y < ny; y += cy) {
      if (signal?.aborted) throw new DomainError('canceled')
      const shape: Zyx = [Math.min(cz, nz - z), Math.min(cy, ny - y), nx]
      const row = await readRow(voxels, volume, bin, [z, y, 0], shape)
      if (seen && volume.kind === 'labels') for (let i = 0; i < row.length; i++) if (row[i]) seen.add(Number(row[i]))
      await writeRow(path.join(folder, String(z / cz), String(y / cy)), row, shape, volume)
    }
}

/** A row of chunks of a level; coarser ones plane by plane, so that no more than one plane's part is held besides. */
async function readRow(voxels: BoxReader, volume: OmeZarrOutput, bin: number, [z0, y0]: Zyx, shape: Zyx) {
  const [nz, ny, nx] = shape
  if (bin === 1) return voxels.readBox([z0, y0, 0], shape)
  const [, sourceY, sourceX] = volume.shapeZyx
  const row = newVoxels(volume.dtype, nz * ny * nx)
  for (let z = 0, to = 0; z < nz; z++) {
    const rows = Math.min(ny * bin, sourceY - y0 * bin)
    const plane = await voxels.readBox([(z0 + z) * bin, y0 * bin, 0], [1, rows, sourceX])
    for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) row[to++] = plane[y * bin * sourceX + x * bin]
  }
  return row
}

async function writeRow(folder: string, row: VoxelArray, [nz, ny, nx]: Zyx, { dtype }: OmeZarrOutput): Promise<void> {
  const [cz, cy, cx] = CHUNK
  let isMade = false
  for (let x0 = 0; x0 < nx; x0 += cx) {
    // Chunks at the edge are as large as all others, on Zarr 2.
    const chunk = newVoxels(dtype, cz * cy * cx)
    const length = Math.min(cx, nx - x0)
    for (let z = 0; z < nz; z++)
      for (let y = 0; y < ny; y++) {
        const from = (z * ny + y) * nx + x0
        chunk.set(row.subarray(from, from + length) as never, (z * cy + y) * cx)
      }
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length * BYTES_PER_VOXEL[dtype])
    if (bytes.every((byte) => byte === 0)) continue
    if (!isMade) await mkdir(folder, { recursive: true })
    isMade = true
    await writeChunk(path.join(folder, String(x0 / cx)), bytes)
  }
}

/** Writes a chunk and reads it back: what differs must not be found out years later. */
async function writeChunk(file: string, bytes: Buffer): Promise<void> {
  await writeFile(file, await pack(bytes, { level: 1 }))
  if (!bytes.equals(await unpack(await readFile(file)))) throw new Error(`${path.basename(file)} was written wrongly`)
}

function writeJson(file: string, content: unknown): Promise<void> {
  return writeFile(file, `${JSON.stringify(content, null, 2)}\n`, { flush: true })
}
