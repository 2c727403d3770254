import { DomainError } from '../../shared/errors/domain-error.ts'
import { encodeMrc, mrcStorage } from '../../shared/formats/mrc/encode-mrc.ts'
import { BYTES_PER_VOXEL, type DType, type VoxelArray } from '../../shared/volume/dtype.ts'
import type { Abort, ByteSource, VoxelSource } from '../../shared/volume/header.ts'
import { toFloat32 } from '../../shared/volume/voxel-values.ts'

/** Planes are read in bands of about this size: chunks of 64 planes are not decoded for each plane anew. */
const BAND_BYTES = 64 * 1024 * 1024

/** Several parts are sent at once, and lie in neighbouring bands. */
const BANDS_KEPT = 2

/** MRC2014 for "not determined": they would need a pass over all voxels before the first byte. */
const NO_STATISTICS = { min: 0, max: -1, mean: -2, std: -1 }

const MRC_DTYPES: readonly DType[] = ['int8', 'uint8', 'int16', 'uint16', 'float32']

/**
 * A volume as the bytes of an MRC file, made as they are read: no copy of it lies anywhere. Voxel size and origin are
 * the volume's. Values are the same; those of types that MRC has not are float32. Little-endian, as this computer is.
 */
export class MrcStream implements ByteSource {
  readonly name: string
  readonly sizeBytes: number
  private readonly volume: VoxelSource
  private readonly header: Uint8Array
  private readonly dtype: DType
  private readonly planeBytes: number
  private readonly bandPlanes: number
  /** The newest last. */
  private readonly bands = new Map<number, Promise<Uint8Array>>()

  /** The stream owns the volume and closes it. */
  constructor(volume: VoxelSource, name: string, bandBytes = BAND_BYTES) {
    const { dtype, shapeZyx } = volume.header
    const [nz, ny, nx] = shapeZyx
    // Unsigned bytes are stored as mode 6: mode 0 would be read as signed.
    const { mode, storedDtype } = mrcStorage(MRC_DTYPES.includes(dtype) ? dtype : 'float32', 255)
    this.volume = volume
    this.name = name
    this.dtype = storedDtype
    this.header = encodeMrc(
      { shapeZyx, dtype: storedDtype, kind: 'scalar', source: volume.header },
      mode,
      NO_STATISTICS,
    ).bytes
    this.planeBytes = ny * nx * BYTES_PER_VOXEL[storedDtype]
    this.bandPlanes = Math.max(1, Math.floor(bandBytes / this.planeBytes))
    this.sizeBytes = this.header.length + nz * this.planeBytes
  }

  async read(offset: number, length: number, signal?: Abort): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    await this.readInto(offset, bytes, signal)
    return bytes
  }

  async readInto(offset: number, bytes: Uint8Array, signal?: Abort): Promise<void> {
    const head = this.header.subarray(offset, offset + bytes.length)
    bytes.set(head)
    for (let done = head.length; done < bytes.length; ) {
      if (signal?.aborted) throw new DomainError('canceled')
      const at = offset + done - this.header.length
      const bandBytes = this.bandPlanes * this.planeBytes
      const index = Math.floor(at / bandBytes)
      const band = await this.band(index)
      const piece = band.subarray(at - index * bandBytes, at - index * bandBytes + bytes.length - done)
      if (piece.length === 0)
        throw new DomainError('format_truncated', {
          name: this.name,
          foundBytes: this.sizeBytes,
          expectedBytes: offset + bytes.length,
        })
      bytes.set(piece, done)
      done += piece.length
    }
  }

  close(): Promise<void> {
    this.bands.clear()
    return this.volume.close()
  }

  private band(index: number): Promise<Uint8Array> {
    const band = this.bands.get(index) ?? this.readBand(index)
    this.bands.delete(index)
    this.bands.set(index, band)
    for (const oldest of this.bands.keys()) if (this.bands.size > BANDS_KEPT) this.bands.delete(oldest)
    band.catch(() => this.bands.delete(index)) // not kept for the next try
    return band
  }

  private async readBand(index: number): Promise<Uint8Array> {
    const first = index * this.bandPlanes
    const numPlanes = Math.min(this.bandPlanes, this.volume.header.shapeZyx[0] - first)
    if (numPlanes <= 0) return new Uint8Array(0)
    const stored = this.stored(await this.volume.readSlab(first, numPlanes))
    return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength)
  }

  private stored(voxels: VoxelArray): VoxelArray {
    const { dtype } = this.volume.header
    if (dtype === this.dtype) return voxels
    return this.dtype === 'uint16' ? Uint16Array.from(voxels as Uint8Array) : toFloat32(voxels, dtype, null)
  }
}
