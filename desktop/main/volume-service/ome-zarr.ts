import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import FileSystemStore from '@zarrita/storage/fs'
import * as zarr from 'zarrita'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { newVoxels, type OpenedVolume } from '../../../shared/formats/raw-voxel-source.ts'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { diagonalAffine } from '../../../shared/volume/affine.ts'
import { boxesInOrder } from '../../../shared/volume/boxes-in-order.ts'
import { BYTES_PER_VOXEL, type DType, type VoxelArray } from '../../../shared/volume/dtype.ts'
import type { Abort, LengthUnit, NrrdGeometry, VolumeHeader } from '../../../shared/volume/header.ts'
import { reverseTriple, type Zyx } from '../../../shared/volume/zyx.ts'
import { type Multiscale, readMultiscale } from './ome-zarr-metadata.ts'

/** Files whose folder is an OME-Zarr image; a dialog that chooses files leads to it through them. */
const MARKERS = ['zarr.json', '.zattrs', '.zgroup'] as const
const DTYPES: readonly string[] = Object.keys(BYTES_PER_VOXEL)
const CHUNK_BYTES = 32 * 1024 * 1024

/** One level of the pyramid that lies in the folder. */
export interface ZarrLevel {
  bin: number
  source: OpenedVolume
}

/** An OME-Zarr image: its finest level is the volume; coarser ones are there already. */
export interface ZarrVolume {
  source: OpenedVolume
  /** Levels of the grid of DESIGN §5, finest first, bin 1 among them; others in the folder are left out. */
  levels: ZarrLevel[]
}

/** The folder of an OME-Zarr image that a chosen path means; null when it is something else. */
export async function omeZarrFolder(chosen: string): Promise<string | null> {
  const isFolder = (await stat(chosen).catch(() => null))?.isDirectory() ?? false
  if (!isFolder && !MARKERS.some((name) => name === path.basename(chosen))) return null
  const folder = isFolder ? chosen : path.dirname(chosen)
  return MARKERS.some((name) => existsSync(path.join(folder, name))) ? folder : null
}

/**
 * Opens a local OME-Zarr image, versions 0.4 and 0.5: raw, gzip, zlib, blosc, lz4 and zstd chunks, sharded too.
 * The first of several times and channels is shown.
 * @throws {DomainError} `format_unsupported`, `format_header_invalid`, `file_unreadable`
 */
export async function openOmeZarr(folder: string): Promise<ZarrVolume> {
  const name = path.basename(folder)
  try {
    const root = zarr.root(new FileSystemStore(folder))
    const group = await zarr.open(root, { kind: 'group' })
    const multiscale = readMultiscale(name, group.attrs)
    const levels: ZarrLevel[] = []
    let finest: ZarrSource | null = null
    for (const [index, dataset] of multiscale.datasets.entries()) {
      const array = await zarr.open(root.resolve(dataset.path), { kind: 'array' })
      const source: ZarrSource = new ZarrSource(name, array, multiscale, index)
      finest ??= source
      const bin = finest.binOf(source)
      if (bin !== null) levels.push({ bin, source })
    }
    if (!finest) throw new DomainError('format_header_invalid', { name, reason: 'it lists no levels' })
    return { source: finest, levels }
  } catch (error) {
    if (error instanceof DomainError) throw error
    throw new DomainError('format_unsupported', { name, kind: kindOf(error), cause: error })
  }
}

function kindOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return `this OME-Zarr image (${text.split('\n')[0].slice(0, 120)})`
}

type ZarrArray = zarr.Array<zarr.DataType, FileSystemStore>

/** Random access to the first volume of one array. Chunks are decoded as they are needed; nothing is held. */
class ZarrSource implements OpenedVolume {
  readonly header: VolumeHeader
  private readonly name: string
  private readonly array: ZarrArray
  /** Position of z, y and x among the array's dimensions. */
  private readonly dimsZyx: Zyx

  constructor(name: string, array: ZarrArray, multiscale: Multiscale, index: number) {
    this.name = name
    this.array = array
    this.dimsZyx = multiscale.dimsZyx
    this.header = headerOf(name, array, multiscale, index)
  }

  /** How many times coarser another level is, the same along every axis; null where it is another grid than ours. */
  binOf(other: ZarrSource): number | null {
    for (let bin = 1; bin <= 4096; bin *= 2)
      if (blockGridShape(this.header.shapeZyx, bin).every((size, axis) => size === other.header.shapeZyx[axis]))
        return bin
    return null
  }

  readSlab(zStart: number, numPlanes: number, signal?: Abort): Promise<VoxelArray> {
    const [, ny, nx] = this.header.shapeZyx
    return this.readBox([zStart, 0, 0], [numPlanes, ny, nx], signal)
  }

  async readBox(startZyx: Zyx, shapeZyx: Zyx, signal?: Abort): Promise<VoxelArray> {
    if (signal?.aborted) throw new DomainError('canceled')
    const selection: (number | zarr.Slice)[] = this.array.shape.map(() => 0)
    for (const [axis, dim] of this.dimsZyx.entries())
      selection[dim] = zarr.slice(startZyx[axis], startZyx[axis] + shapeZyx[axis])
    try {
      const { data, stride } = (await zarr.get(this.array, selection)) as zarr.Chunk<zarr.NumberDataType>
      // Single indices fall away: what is left are z, y, x in the order of the array.
      const order = [...this.dimsZyx].sort((a, b) => a - b)
      const strides = this.dimsZyx.map((dim) => stride[order.indexOf(dim)]) as [number, number, number]
      return inZyx(data as VoxelArray, strides, shapeZyx, this.header.dtype)
    } catch (error) {
      throw new DomainError('file_unreadable', { path: this.name, reason: kindOf(error), cause: error })
    }
  }

  async *allVoxels(signal?: Abort): AsyncGenerator<VoxelArray> {
    const most = CHUNK_BYTES / BYTES_PER_VOXEL[this.header.dtype]
    for (const { startZyx, shapeZyx } of boxesInOrder(this.header.shapeZyx, most))
      yield await this.readBox(startZyx, shapeZyx, signal)
  }

  async close(): Promise<void> {}
}

function inZyx(data: VoxelArray, [sz, sy, sx]: Zyx, [nz, ny, nx]: Zyx, dtype: DType): VoxelArray {
  if (sx === 1 && sy === nx && sz === ny * nx) return data
  const out = newVoxels(dtype, nz * ny * nx)
  for (let z = 0, to = 0; z < nz; z++)
    for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) out[to++] = data[z * sz + y * sy + x * sx]
  return out
}

function headerOf(name: string, array: ZarrArray, multiscale: Multiscale, index: number): VolumeHeader {
  const { dimsZyx, unit, datasets, version } = multiscale
  const dtype = array.dtype as DType
  if (!DTYPES.includes(dtype)) throw new DomainError('format_unsupported', { name, kind: `${array.dtype} voxels` })
  const shapeZyx = dimsZyx.map((dim) => array.shape[dim]) as unknown as Zyx
  if (shapeZyx.some((size) => !(size > 0)))
    throw new DomainError('format_header_invalid', { name, reason: `its shape is ${array.shape.join(' × ')}` })
  const { scale, translation } = datasets[index]
  const voxelSizeZyx = scale && (dimsZyx.map((dim) => scale[dim]) as unknown as Zyx)
  const isUsable = voxelSizeZyx?.every((size) => size > 0 && Number.isFinite(size)) ?? false
  const origin = dimsZyx.map((dim) => translation?.[dim] ?? 0) as unknown as Zyx
  const others = array.shape.filter((_, dim) => !dimsZyx.includes(dim))
  return {
    format: 'nrrd',
    shapeZyx,
    numVolumes: others.reduce((product, size) => product * size, 1),
    dtype,
    voxelSizeZyx: isUsable ? voxelSizeZyx : null,
    unit: isUsable ? (unit as LengthUnit | null) : null,
    affine:
      isUsable && voxelSizeZyx
        ? diagonalAffine(reverseTriple(voxelSizeZyx), reverseTriple(origin))
        : diagonalAffine([1, 1, 1], [0, 0, 0]),
    scaling: null,
    geometry: geometryOf(isUsable ? voxelSizeZyx : null, origin, isUsable ? unit : null),
    warnings: [],
    raw: { version, chunks: [...array.chunks], shape: [...array.shape] },
  }
}

/** Headers know files only: this one has the words of an NRRD in a space without a name, and the window is told what it is. */
function geometryOf(voxelSizeZyx: Zyx | null, originZyx: Zyx, unit: LengthUnit | null): NrrdGeometry {
  const none = { space: null, spaceDimension: null, spaceUnits: null, spaceDirections: null, spaceOrigin: null }
  if (!voxelSizeZyx) return { format: 'nrrd', ...none, spacings: null, kinds: null }
  const [x, y, z] = reverseTriple(voxelSizeZyx)
  return {
    format: 'nrrd',
    space: null,
    spaceDimension: 3,
    spaceUnits: unit && [unit, unit, unit],
    spaceDirections: [
      [x, 0, 0],
      [0, y, 0],
      [0, 0, z],
    ],
    spaceOrigin: [...reverseTriple(originZyx)],
    spacings: null,
    kinds: null,
  }
}
