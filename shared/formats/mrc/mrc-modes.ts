import type { DType } from '../../volume/dtype.ts'

/** Stored type of the voxels by mode; 4-bit voxels are unpacked. @see MRC2014, word 4 */
export const MRC_MODES: Readonly<Record<number, DType>> = {
  0: 'int8',
  1: 'int16',
  2: 'float32',
  6: 'uint16',
  12: 'float16',
  101: 'uint8',
}
/** Modes that hold no single real number for each voxel. */
export const REFUSED_MODES: Readonly<Record<number, string>> = {
  3: 'complex 16-bit data',
  4: 'complex data',
  16: 'RGB data',
}
