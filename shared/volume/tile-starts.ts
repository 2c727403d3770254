import { DomainError } from '../errors/domain-error.ts'
import { roundHalfEven } from './round-half-even.ts'
import type { Zyx } from './zyx.ts'

/**
 * Starts of the sliding-window tiles along one axis, placed as nnU-Net v2 places them.
 *
 * Tiles are spread evenly so that the first begins at 0 and the last ends at `sizeVox`;
 * starts are rounded half to even, as numpy rounds.
 *
 * @param sizeVox Length of the padded volume along the axis, voxels; >= `tileVox`.
 * @param tileVox Length of the tile along the axis, voxels.
 * @param step    Largest distance between neighbours as a fraction of the tile, 0 < step <= 1.
 * @returns First voxel of each tile, ascending. Never empty.
 * @throws {DomainError} `tile_exceeds_volume`, `step_out_of_range`
 * @see nnunetv2/inference/sliding_window_prediction.py, compute_steps_for_sliding_window
 */
export function tileStarts(sizeVox: number, tileVox: number, step: number): number[] {
  const numTiles = numTilesAlong(sizeVox, tileVox, step)
  const strideVox = numTiles > 1 ? (sizeVox - tileVox) / (numTiles - 1) : 0
  return Array.from({ length: numTiles }, (_, index) => roundHalfEven(index * strideVox))
}

function numTilesAlong(sizeVox: number, tileVox: number, step: number): number {
  if (tileVox > sizeVox) throw new DomainError('tile_exceeds_volume', { sizeVox, tileVox })
  if (!(step > 0 && step <= 1)) throw new DomainError('step_out_of_range', { step })
  return Math.ceil((sizeVox - tileVox) / (tileVox * step)) + 1
}

/**
 * Tiles of `tileGrid`, counted without placing one: safe for a step of any size.
 * @throws {DomainError} `step_out_of_range`
 */
export function numTilesOfGrid(shapeZyx: Zyx, patchZyx: Zyx, step: number): number {
  const along = (axis: 0 | 1 | 2) => numTilesAlong(Math.max(shapeZyx[axis], patchZyx[axis]), patchZyx[axis], step)
  return along(0) * along(1) * along(2)
}

/** Where the tiles of a volume lie. */
export interface TileGrid {
  /** Volume padded with `padBelowZyx` voxels before and the rest after, at least the patch along each axis. */
  paddedShapeZyx: Zyx
  padBelowZyx: Zyx
  /** Starts along z, y and x in the padded volume. */
  starts: readonly [number[], number[], number[]]
  numTiles: number
}

/**
 * Tile grid of a volume: padded to at least the patch, centred (smaller half below), as nnU-Net v2 pads.
 * Tiles run z outermost, x fastest.
 * @throws {DomainError} `step_out_of_range`
 * @see acvl_utils/cropping_and_padding/padding.py, pad_nd_image
 */
export function tileGrid(shapeZyx: Zyx, patchZyx: Zyx, step: number): TileGrid {
  const padded = shapeZyx.map((size, axis) => Math.max(size, patchZyx[axis])) as unknown as Zyx
  const below = shapeZyx.map((size, axis) => Math.floor((padded[axis] - size) / 2)) as unknown as Zyx
  const starts = padded.map((size, axis) => tileStarts(size, patchZyx[axis], step)) as [number[], number[], number[]]
  const numTiles = starts[0].length * starts[1].length * starts[2].length
  return { paddedShapeZyx: padded, padBelowZyx: below, starts, numTiles }
}
