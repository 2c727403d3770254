import { type DisplayOrientation, toDisplayAxes, toFileAxes } from '../../../shared/volume/display-orientation.ts'
import { reverseTriple, type Xyz, type Zyx } from '../../../shared/volume/zyx.ts'

/** How the level on show lies in the file. Shapes are along the display axes. */
export interface LevelGrid {
  bin: number
  levelShapeZyx: Zyx
  sourceShapeZyx: Zyx
  orientation: DisplayOrientation
}

type Triple = [number, number, number]

/** The voxel of the file at a position given as shares of the level's extent. A level voxel's middle stands for it. */
export function fileVoxelAt(grid: LevelGrid, fractionXyz: ArrayLike<number>): Triple {
  const level = reverseTriple(grid.levelShapeZyx)
  const source = reverseTriple(grid.sourceShapeZyx)
  const along = source.map((size, axis) => {
    // Blocks are counted from the file's end of the axis.
    const share = grid.orientation.isFlippedXyz[axis] ? 1 - fractionXyz[axis] : fractionXyz[axis]
    return Math.min(size - 1, Math.max(0, Math.floor(share * level[axis] * grid.bin)))
  }) as Triple
  return toFileAxes(along, grid.orientation)
}

/** The voxel in the middle of the file. */
export function middleOf({ sourceShapeZyx, orientation }: LevelGrid): Triple {
  const middle = reverseTriple(sourceShapeZyx).map((size, axis) =>
    orientation.isFlippedXyz[axis] ? size - 1 - Math.floor(size / 2) : Math.floor(size / 2),
  ) as Triple
  return toFileAxes(middle, orientation)
}

/** Shares of the level's extent at the middle of a file voxel. */
export function fractionOf(grid: LevelGrid, indexXyz: Xyz): Triple {
  const level = reverseTriple(grid.levelShapeZyx)
  const along = toDisplayAxes([...indexXyz] as Triple, grid.orientation)
  return along.map((index, axis) => {
    const share = (index + 0.5) / (level[axis] * grid.bin)
    return grid.orientation.isFlippedXyz[axis] ? 1 - share : share
  }) as Triple
}

/** A file voxel counted along the display axes, as planes are. */
export function displayIndexOf(grid: Pick<LevelGrid, 'sourceShapeZyx' | 'orientation'>, indexXyz: Xyz): Triple {
  const size = reverseTriple(grid.sourceShapeZyx)
  const along = toDisplayAxes([...indexXyz] as Triple, grid.orientation)
  return along.map((index, axis) => (grid.orientation.isFlippedXyz[axis] ? size[axis] - 1 - index : index)) as Triple
}

/** The file voxel that lies `stepXyz` voxels away along the display axes; stays inside the file. */
export function fileVoxelBeside(grid: LevelGrid, indexXyz: Xyz, stepXyz: Xyz): Triple {
  const size = reverseTriple(grid.sourceShapeZyx)
  const moved = displayIndexOf(grid, indexXyz).map((index, axis) => {
    const next = Math.min(size[axis] - 1, Math.max(0, index + stepXyz[axis]))
    return grid.orientation.isFlippedXyz[axis] ? size[axis] - 1 - next : next
  }) as Triple
  return toFileAxes(moved, grid.orientation)
}

/**
 * Where planes of the whole file lie in the level, whose last blocks may reach beyond it: share of the plane =
 * share of the level · scale + offset, for each display axis.
 */
export function planeLine(grid: LevelGrid): { scaleXyz: Triple; offsetXyz: Triple } {
  const level = reverseTriple(grid.levelShapeZyx)
  const source = reverseTriple(grid.sourceShapeZyx)
  const scaleXyz = level.map((size, axis) => (size * grid.bin) / source[axis]) as Triple
  const offsetXyz = scaleXyz.map((scale, axis) => (grid.orientation.isFlippedXyz[axis] ? 1 - scale : 0)) as Triple
  return { scaleXyz, offsetXyz }
}

/** The place of the file, voxels, not rounded, at shares of the level's extent; voxel centres sit on whole numbers. */
export function filePlaceAt(grid: LevelGrid, fractionXyz: ArrayLike<number>): Triple {
  const along = reverseTriple(grid.levelShapeZyx).map((size, axis) => {
    const share = grid.orientation.isFlippedXyz[axis] ? 1 - fractionXyz[axis] : fractionXyz[axis]
    return share * size * grid.bin - 0.5
  }) as Triple
  return toFileAxes(along, grid.orientation)
}

/**
 * A box of the file, or of a level of it, along the display axes.
 * @param box        z, y, x of the file
 * @param shownZyx   shape of the whole, along the display axes
 */
export function boxOnDisplay(
  box: { start_zyx: Zyx; shape_zyx: Zyx },
  shownZyx: Zyx,
  orientation: DisplayOrientation,
): { startXyz: Triple; shapeXyz: Triple } {
  const shapeXyz = toDisplayAxes(reverseTriple(box.shape_zyx), orientation)
  const size = reverseTriple(shownZyx)
  const startXyz = toDisplayAxes(reverseTriple(box.start_zyx), orientation).map((at, axis) =>
    orientation.isFlippedXyz[axis] ? size[axis] - at - shapeXyz[axis] : at,
  ) as Triple
  return { startXyz, shapeXyz }
}
