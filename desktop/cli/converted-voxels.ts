import { DomainError } from '../../shared/errors/domain-error.ts'
import { newVoxels, type OpenedVolume } from '../../shared/formats/raw-voxel-source.ts'
import { measureVolume, valueReader } from '../../shared/node/volume-summary.ts'
import type { DType, VoxelArray } from '../../shared/volume/dtype.ts'
import type { BoxReader } from '../../shared/volume/header.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'

/** Smallest and largest value of the whole-number types; of 64 bits the largest that a double holds below the limit. */
const RANGES: Partial<Record<DType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 63), 2 ** 63 - 2 ** 10],
  uint64: [0, 2 ** 64 - 2 ** 11],
}

/** Voxels of a volume in another type: the same values, or an error; whole-number types get them rounded. */
export class ConvertedVoxels implements BoxReader {
  private readonly source: OpenedVolume
  private readonly dtype: DType
  private readonly appliesScaling: boolean

  constructor(source: OpenedVolume, dtype: DType, appliesScaling: boolean) {
    this.source = source
    this.dtype = dtype
    this.appliesScaling = appliesScaling
  }

  /** @throws {DomainError} `dtype_range` when values do not fit the type, `dtype_not_supported_by_format` for NaN in whole numbers */
  async checkRange(signal?: AbortSignal): Promise<void> {
    const range = RANGES[this.dtype]
    const { min, max, nonfinite } = await measureVolume(this.source, signal)
    const overflows = [min, max].some((value) => value !== null && !Number.isFinite(Math.fround(value)))
    if (this.dtype === 'float32' && overflows) throw new DomainError('dtype_range', { min, max, dtype: this.dtype })
    if (!range) return
    if (nonfinite > 0) {
      const message = `${nonfinite} voxels are NaN or infinite, which ${this.dtype} cannot hold.`
      throw new DomainError('dtype_range', { message, hint: 'Name a floating-point type with --dtype.' })
    }
    if (min === null || max === null) return
    if (Math.round(min) < range[0] || Math.round(max) > range[1])
      throw new DomainError('dtype_range', { min, max, dtype: this.dtype })
  }

  async readBox(startZyx: Zyx, shapeZyx: Zyx): Promise<VoxelArray> {
    const stored = await this.source.readBox(startZyx, shapeZyx)
    const { header } = this.source
    if (header.dtype === this.dtype && !this.appliesScaling) return stored
    const readValue = valueReader({ dtype: header.dtype, scaling: this.appliesScaling ? header.scaling : null })
    const out = newVoxels(this.dtype, stored.length)
    const isWhole = this.dtype in RANGES
    if (out instanceof BigInt64Array || out instanceof BigUint64Array) {
      for (let i = 0; i < out.length; i++)
        out[i] = typeof stored[i] === 'bigint' ? (stored[i] as bigint) : BigInt(Math.round(readValue(stored[i])))
    } else
      for (let i = 0; i < out.length; i++) out[i] = isWhole ? Math.round(readValue(stored[i])) : readValue(stored[i])
    return out
  }
}
