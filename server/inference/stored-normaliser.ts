import { voxelsOf } from '../../shared/formats/raw-voxel-source.ts'
import { BYTES_PER_VOXEL, type DType, type VoxelArray } from '../../shared/volume/dtype.ts'
import type { VolumeHeader } from '../../shared/volume/header.ts'
import { asValues } from '../../shared/volume/voxel-values.ts'
import type { Normaliser } from './normalise.ts'

/** Normalises voxels as they are stored into an array of their number. @param mask as the `Normaliser` takes it */
export type StoredNormaliser = (stored: VoxelArray, mask: Uint8Array | null, into: Float32Array) => void

/**
 * The normalisation of voxels as a file stores them. Types of up to 16 bits have so few values that each is normalised
 * once and then looked up, which takes half of the time; the bits are those of normalising voxel by voxel.
 */
export function storedNormaliser(
  { dtype, scaling }: Pick<VolumeHeader, 'dtype' | 'scaling'>,
  normalise: Normaliser,
): StoredNormaliser {
  if (BYTES_PER_VOXEL[dtype] > 2) return (stored, mask, into) => normalise(asValues(stored, dtype, scaling), mask, into)
  const tableOf = (isInside: 0 | 1 | null) => {
    const values = asValues(allStored(dtype), dtype, scaling)
    const table = new Float32Array(values.length)
    normalise(values, isInside === null ? null : new Uint8Array(values.length).fill(isInside), table)
    return table
  }
  let whole: Float32Array | null = null
  let parts: [outside: Float32Array, inside: Float32Array] | null = null
  return (stored, mask, into) => {
    if (mask) {
      parts ??= [tableOf(0), tableOf(1)]
      lookUpMasked(stored as ShortArray, mask, parts, into)
    } else {
      whole ??= tableOf(null)
      lookUp(stored as ShortArray, whole, into)
    }
  }
}

/** Voxels of up to 16 bits. */
type ShortArray = Int8Array | Uint8Array | Int16Array | Uint16Array

/** Every voxel that a type of up to 16 bits has, in the order of its bits. */
function allStored(dtype: DType): VoxelArray {
  const bits = BYTES_PER_VOXEL[dtype] === 1 ? new Uint8Array(256) : new Uint16Array(65536)
  for (let i = 0; i < bits.length; i++) bits[i] = i
  return voxelsOf(new Uint8Array(bits.buffer), dtype)
}

/** @param table a value for each pattern of a voxel's bits */
function lookUp(stored: ShortArray, table: Float32Array, into: Float32Array): void {
  const allBits = table.length - 1
  for (let i = 0; i < stored.length; i++) into[i] = table[stored[i] & allBits]
}

function lookUpMasked(
  stored: ShortArray,
  mask: Uint8Array,
  [outside, inside]: readonly [Float32Array, Float32Array],
  into: Float32Array,
): void {
  const allBits = inside.length - 1
  for (let i = 0; i < stored.length; i++) {
    const bits = stored[i] & allBits
    into[i] = mask[i] === 0 ? outside[bits] : inside[bits]
  }
}
