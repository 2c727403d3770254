import { reverseTriple, type Xyz, type Zyx } from '../../../shared/volume/zyx.ts'

/** How the level on show lies in the file. */
export interface LevelGrid {
  bin: number
  levelShapeZyx: Zyx
  sourceShapeZyx: Zyx
}

/** The voxel of the file at a position given as shares of the level's extent. A level voxel's middle stands for it. */
export function fileVoxelAt(grid: LevelGrid, fractionXyz: ArrayLike<number>): [number, number, number] {
  const level = reverseTriple(grid.levelShapeZyx)
  const source = reverseTriple(grid.sourceShapeZyx)
  return source.map((size, axis) => {
    const index = Math.floor(fractionXyz[axis] * level[axis] * grid.bin)
    return Math.min(size - 1, Math.max(0, index))
  }) as [number, number, number]
}

/** Shares of the level's extent at the middle of a file voxel. */
export function fractionOf(grid: LevelGrid, indexXyz: Xyz): [number, number, number] {
  const level = reverseTriple(grid.levelShapeZyx)
  return indexXyz.map((index, axis) => (index + 0.5) / (level[axis] * grid.bin)) as [number, number, number]
}

/** The place of the file, voxels, not rounded, at shares of the level's extent; voxel centres sit on whole numbers. */
export function filePlaceAt(grid: LevelGrid, fractionXyz: ArrayLike<number>): [number, number, number] {
  const level = reverseTriple(grid.levelShapeZyx)
  return level.map((size, axis) => fractionXyz[axis] * size * grid.bin - 0.5) as [number, number, number]
}
