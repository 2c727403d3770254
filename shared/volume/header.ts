import type { Affine } from './affine.ts'
import type { DType, VoxelArray } from './dtype.ts'
import type { Zyx } from './zyx.ts'

/** File formats that are read and written. */
export type VolumeFormat = 'mrc' | 'nifti' | 'nrrd'

/** Unit of voxel size and world positions. `null` where the file does not say. */
export type LengthUnit = 'angstrom' | 'nm' | 'um' | 'mm' | 'm'

/** Something the user should know about a file that was read or written all the same. `code` is stable. */
export interface VolumeWarning {
  code: string
  message: string
}

/** Header words of an MRC file that place its voxels, as stored. */
export interface MrcGeometry {
  format: 'mrc'
  /** nx, ny, nz as stored: columns, rows, sections. */
  storedShapeXyz: [number, number, number]
  mapcrs: [number, number, number]
  nstart: [number, number, number]
  mxyz: [number, number, number]
  cellAngstrom: [number, number, number]
  cellAnglesDegree: [number, number, number]
  originAngstrom: [number, number, number]
  spaceGroup: number
  mode: number
  imodStamp: number
  imodFlags: number
}

/** Header words of a NIfTI file that place its voxels, as stored. */
export interface NiftiGeometry {
  format: 'nifti'
  version: 1 | 2
  pixdim: number[]
  qformCode: number
  sformCode: number
  quaternBcd: [number, number, number]
  qoffsetXyz: [number, number, number]
  srow: [number[], number[], number[]]
  xyztUnits: number
}

/** Header fields of an NRRD file that place its voxels, as stored. */
export interface NrrdGeometry {
  format: 'nrrd'
  space: string | null
  spaceDimension: number | null
  spaceUnits: string[] | null
  /** One vector per spatial axis, fastest axis first. */
  spaceDirections: number[][] | null
  spaceOrigin: number[] | null
  spacings: number[] | null
  kinds: string[] | null
}

/** What is known of a volume without reading its voxels. */
export interface VolumeHeader {
  format: VolumeFormat
  /** Shape of the first volume, always three numbers, after MRC axes are put in z, y, x order. */
  shapeZyx: Zyx
  /** 3D volumes in the file; more than one for 4D data and volume stacks. Only the first is read as voxels. */
  numVolumes: number
  /** Stored type. 4-bit MRC reads as uint8. */
  dtype: DType
  /** Distance between voxel centres, in `unit`; null when the file does not give a usable one (never 1 by default). */
  voxelSizeZyx: Zyx | null
  unit: LengthUnit | null
  /**
   * Voxel index (x, y, z) → world, in `unit` (voxels where the size is unknown). NIfTI: RAS+ millimetres.
   * MRC: directions +x +y +z, first voxel at origin if non-zero, else nstart · voxel (DESIGN §3).
   */
  affine: Affine
  /** Value = stored · slope + intercept; null when values are as stored. */
  scaling: { slope: number; intercept: number } | null
  /** What another program needs to place the voxels exactly; copied word for word into a mask of the same format. */
  geometry: MrcGeometry | NiftiGeometry | NrrdGeometry
  warnings: VolumeWarning[]
  /** The whole header for people: plain JSON values, names as the format's specification gives them. */
  raw: Record<string, unknown>
}

/** A minimal AbortSignal, so that this room needs neither DOM nor Node types. */
export interface Abort {
  readonly aborted: boolean
}

/** Random access to the voxels of the first volume of an opened file. The opener owns it and closes it. */
export interface VoxelSource {
  readonly header: VolumeHeader
  /**
   * Planes [zStart, zStart + numPlanes) in z, y, x order, x fastest, stored type, native byte order.
   * The buffer belongs to the caller.
   * @throws {DomainError} `format_truncated`, `file_unreadable`, `canceled`
   */
  readSlab(zStart: number, numPlanes: number, signal?: Abort): Promise<VoxelArray>
  /** A box of voxels, same order and type as `readSlab`. @throws as `readSlab` */
  readBox(startZyx: Zyx, shapeZyx: Zyx, signal?: Abort): Promise<VoxelArray>
  close(): Promise<void>
}

/** Random access to bytes: a file, a Blob, a Range request. */
export interface ByteSource {
  /** Name for messages; never a full path. */
  readonly name: string
  readonly sizeBytes: number
  /** Exactly `length` bytes from `offset`, or a rejected promise. The buffer belongs to the caller. */
  read(offset: number, length: number, signal?: Abort): Promise<Uint8Array>
  /** As `read`, where it can: fills a buffer that the caller uses again and again. */
  readInto?(offset: number, bytes: Uint8Array, signal?: Abort): Promise<void>
  close(): Promise<void>
}

/** A place for bytes written in order. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>
}

/** What a written volume is: its grid, its type, and the volume whose place in the world it shares. */
export interface OutputVolume {
  shapeZyx: Zyx
  dtype: DType
  /** Label maps get nearest-neighbour hints and no scaling; scalars keep `scaling`. */
  kind: 'labels' | 'scalar'
  /** Header whose geometry the file gets: word for word in the same format, else what the target can express. */
  source: VolumeHeader
  scaling?: { slope: number; intercept: number } | null
}

/** Voxels to be written: boxes in z, y, x order, in the dtype of the output. A `VoxelSource` is one. */
export interface BoxReader {
  /** How many voxels have each value, where that is known already: it saves passes over the voxels. */
  readonly counts?: ReadonlyMap<number, number>
  readBox(startZyx: Zyx, shapeZyx: Zyx): Promise<VoxelArray>
  /** As `readBox`, where it can: fills an array that the caller uses again and again. */
  readBoxInto?(startZyx: Zyx, shapeZyx: Zyx, into: VoxelArray): Promise<void>
}
