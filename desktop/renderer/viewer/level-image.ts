import type { NVImage } from '@niivue/niivue'
import type { LevelMessage } from '../../../shared/contract/volume-port.ts'
import { toDisplayAxes } from '../../../shared/volume/display-orientation.ts'
import { reverseTriple } from '../../../shared/volume/zyx.ts'
import type { LevelGrid } from './level-grid.ts'
import { zeroCopyImage } from './zero-copy-image.ts'

type Triple = [number, number, number]

/**
 * A level as NiiVue takes it. Every level of a volume fills the same space, whatever its bin.
 *
 * @param voxelSizeZyx of the file's axes; null as if voxels were cubes
 * @returns the image, which owns the voxels from now on; how it lies in the file; its size along the display axes
 */
export function levelImage(
  { orientation, bin, shape_zyx, source_shape_zyx, voxels }: LevelMessage,
  voxelSizeZyx: readonly [number, number, number] | null,
): { image: NVImage; grid: LevelGrid; extentXyz: Triple } {
  const [px, py, pz] = toDisplayAxes(reverseTriple(voxelSizeZyx ?? [1, 1, 1]), orientation)
  const pixelXyz = [1, py / px, pz / px].map((size) => size * bin) as Triple
  return {
    image: zeroCopyImage(voxels, shape_zyx, pixelXyz),
    grid: { bin, levelShapeZyx: shape_zyx, sourceShapeZyx: source_shape_zyx, orientation },
    extentXyz: reverseTriple(shape_zyx).map((size, axis) => size * pixelXyz[axis]) as Triple,
  }
}
