import type { DType, VoxelArray } from '../../../shared/volume/dtype.ts'
import { toFloat32 } from '../../../shared/volume/voxel-values.ts'

/** Stored voxels as numbers, before scaling. No copy unless the type is float16 or 64-bit integers. */
export function plainNumbers(voxels: VoxelArray, dtype: DType): ArrayLike<number> {
  if (dtype === 'float16') return toFloat32(voxels, dtype, null)
  if (voxels instanceof BigInt64Array || voxels instanceof BigUint64Array) return Float64Array.from(voxels, Number)
  return voxels
}
