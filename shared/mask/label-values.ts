import { DomainError } from '../errors/domain-error.ts'
import type { VoxelArray } from '../volume/dtype.ts'
import type { VolumeHeader } from '../volume/header.ts'

/**
 * Voxels of a mask file as labels; masks are often stored as floats.
 * @throws {DomainError} `request_invalid` for values that are no labels
 */
export function labelsOf(voxels: VoxelArray, { scaling, dtype }: VolumeHeader): Uint16Array {
  if (dtype === 'float16') throw notLabels('16-bit floats')
  if (!scaling && (voxels instanceof Uint16Array || voxels instanceof Uint8Array)) return new Uint16Array(voxels)
  const { slope, intercept } = scaling ?? { slope: 1, intercept: 0 }
  const labels = new Uint16Array(voxels.length)
  for (let i = 0; i < labels.length; i++) {
    const value = Number(voxels[i]) * slope + intercept
    labels[i] = value
    if (labels[i] !== value) throw notLabels(`the value ${value}`)
  }
  return labels
}

function notLabels(found: string): DomainError {
  return new DomainError('request_invalid', {
    reason: `a mask holds ${found}; labels are whole numbers from 0 to 65535`,
  })
}
