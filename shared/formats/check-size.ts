import { DomainError } from '../errors/domain-error.ts'
import { BYTES_PER_VOXEL, type DType } from '../volume/dtype.ts'

/** Longest axis that is believed, that of MRC's own words: lists in one dimension are long, volumes are not. */
const MAX_AXIS_VOX = 2 ** 31 - 2

/**
 * Voxels of a shape that a header announces, checked before anything is allocated.
 * @param name of the file, for messages
 * @throws {DomainError} `format_header_invalid`
 */
export function checkedVoxelCount(name: string, sizes: readonly number[]): number {
  let product = 1
  for (const size of sizes) {
    if (!Number.isSafeInteger(size) || size < 1 || size > MAX_AXIS_VOX) {
      throw new DomainError('format_header_invalid', { name, reason: `an axis has ${size} voxels` })
    }
    product *= size
    if (product > Number.MAX_SAFE_INTEGER / 16) {
      throw new DomainError('format_header_invalid', {
        name,
        reason: `${sizes.join(' × ')} voxels are more than any file holds`,
      })
    }
  }
  return product
}

/**
 * Checks that a file is long enough for the voxels that its header announces.
 * @throws {DomainError} `format_truncated`, `format_header_invalid`
 */
export function checkDataFits(
  name: string,
  offsetBytes: number,
  totalVoxels: number,
  dtype: DType,
  foundBytes: number,
): void {
  if (!Number.isSafeInteger(offsetBytes) || offsetBytes < 0) {
    throw new DomainError('format_header_invalid', { name, reason: `the voxels begin at byte ${offsetBytes}` })
  }
  const expectedBytes = offsetBytes + totalVoxels * BYTES_PER_VOXEL[dtype]
  if (foundBytes < expectedBytes) throw new DomainError('format_truncated', { name, foundBytes, expectedBytes })
}
