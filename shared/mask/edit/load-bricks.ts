import type { VoxelArray } from '../../volume/dtype.ts'
import type { VoxelSource } from '../../volume/header.ts'
import type { Zyx } from '../../volume/zyx.ts'
import { BRICK, LabelBricks } from './label-bricks.ts'

// 16 M voxels at once.
const MOST_READ_VOXELS = 16 * 1024 * 1024

/**
 * All labels of a source as bricks; it is read once, some layers of bricks at a time, and stays open.
 * @param labelsOf voxels as labels; may throw for values that are none
 * @throws {DomainError} what `labelsOf` and `VoxelSource.readBox` throw
 */
export async function loadBricks(
  source: VoxelSource,
  labelsOf: (voxels: VoxelArray) => ArrayLike<number>,
): Promise<LabelBricks> {
  const [nz, ny, nx] = source.header.shapeZyx
  const bricks = new LabelBricks(source.header.shapeZyx)
  const rowsAtOnce = Math.max(1, Math.floor(MOST_READ_VOXELS / (BRICK * BRICK * nx))) * BRICK
  for (let z = 0; z < nz; z += BRICK)
    for (let y = 0; y < ny; y += rowsAtOnce) {
      const shape: Zyx = [Math.min(BRICK, nz - z), Math.min(rowsAtOnce, ny - y), nx]
      bricks.load([z, y, 0], shape, labelsOf(await source.readBox([z, y, 0], shape)))
    }
  return bricks
}
