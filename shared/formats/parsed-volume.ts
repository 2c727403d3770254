import type { VolumeHeader } from '../volume/header.ts'

/** How the voxels lie in their file once the header is read. */
export interface ParsedVolume {
  header: VolumeHeader
  layout: VoxelLayout
}

export interface VoxelLayout {
  /** Byte of the first voxel in the (decompressed) data. */
  offsetBytes: number
  isLittleEndian: boolean
  /** Voxels of all volumes of the file, for its hash. */
  totalVoxels: number
  /** 4-bit voxels, two to a byte, low half first, rows padded to whole bytes; otherwise one voxel after the other. */
  isPacked4Bit: boolean
  /**
   * Stored axes, fastest first, as indices of x (0), y (1) and z (2): [0, 1, 2] for files in x, y, z order.
   * MRC files may store them otherwise.
   */
  storedAxes: readonly [number, number, number]
  /**
   * Stored values from one voxel to the next along x, y and z, where components or lists lie between them; absent for
   * voxels that follow each other. Only with `storedAxes` [0, 1, 2].
   */
  stridesXyz?: readonly [number, number, number]
}

/** A header ready to be written: its bytes, then the voxels in `dtype` of the volume, little-endian. */
export interface EncodedHeader {
  bytes: Uint8Array
  /** What the format cannot express of the volume's geometry. */
  warnings: { code: string; message: string }[]
}

/** Minimum, maximum, mean and population deviation of what is written, for formats that store them. */
export interface WrittenStatistics {
  min: number
  max: number
  mean: number
  std: number
}
