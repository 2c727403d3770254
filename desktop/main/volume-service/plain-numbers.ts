import type { DType, VoxelArray } from '../../../shared/volume/dtype.ts'
import { toFloat32 } from '../../../shared/volume/voxel-values.ts'

/**
 * Stored voxels as floating point numbers, before scaling. Always one of two array types, so that loops over them stay
 * fast whatever files were open before. float32 and float64 are not copied.
 */
export function plainNumbers(voxels: VoxelArray, dtype: DType): Float32Array | Float64Array {
  if (voxels instanceof Float32Array || voxels instanceof Float64Array) return voxels
  if (voxels instanceof BigInt64Array || voxels instanceof BigUint64Array) return Float64Array.from(voxels, Number)
  if (voxels instanceof Int32Array || voxels instanceof Uint32Array) return Float64Array.from(voxels)
  return toFloat32(voxels, dtype, null)
}
