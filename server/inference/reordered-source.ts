import type { VoxelArray } from '../../shared/volume/dtype.ts'
import type { VoxelSource } from '../../shared/volume/header.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { type Axes, inverse, isSameAxes, reordered, reorderedPlace } from './axis-order.ts'

/**
 * A volume with its axes in another order: axis k is axis `axes[k]` of the source. Closing is the owner's of the source.
 * The header's geometry and affine stay those of the file.
 */
export function reorderedSource(source: VoxelSource, axes: Axes): VoxelSource {
  if (isSameAxes(axes)) return source
  const back = inverse(axes)
  const header = reorderedPlace(source.header, axes)
  const readBox: VoxelSource['readBox'] = async (start, shape, signal) => {
    const fileShape = reordered(shape, back)
    return transposed(await source.readBox(reordered(start, back), fileShape, signal), fileShape, axes)
  }
  return {
    header,
    readBox,
    readSlab: (start, numPlanes, signal) =>
      readBox([start, 0, 0], [numPlanes, header.shapeZyx[1], header.shapeZyx[2]], signal),
    close: async () => undefined,
  }
}

/** A box with its axes in another order: axis k of the result is axis `axes[k]` of the box. A new array. */
export function transposed<T extends VoxelArray>(box: T, shape: Zyx, axes: Axes): T {
  if (isSameAxes(axes)) return box
  const [n0, n1, n2] = reordered(shape, axes)
  const [s0, s1, s2] = reordered([shape[1] * shape[2], shape[2], 1], axes)
  const out = box.slice() as T
  let at = 0
  for (let i = 0; i < n0; i++)
    for (let j = 0; j < n1; j++) {
      const from = i * s0 + j * s1
      // Same type on both sides; the union of array types hides it.
      if (s2 === 1) (out as Uint8Array).set(box.subarray(from, from + n2) as Uint8Array, at)
      else for (let k = 0; k < n2; k++) out[at + k] = box[from + k * s2]
      at += n2
    }
  return out
}
