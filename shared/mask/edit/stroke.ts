import type { Zyx } from '../../volume/zyx.ts'

/** Takes the voxels [x, xEnd) of a row. */
export type TakeVoxels = (z: number, y: number, x: number, xEnd: number) => void

/**
 * Voxels whose centre is within the radii of a path of straight pieces: a ball drawn along it, or, with radius 0 along
 * one axis, a disc that stays in the plane of the path's first point. Voxels beyond the volume are left out.
 *
 * @param pathZyx   at least one point, voxel indices; voxel centres sit on whole numbers
 * @param radiusZyx voxels along each axis; at most one is 0
 */
export function strokeVoxels(pathZyx: readonly Zyx[], radiusZyx: Zyx, shapeZyx: Zyx, take: TakeVoxels): void {
  const flat = radiusZyx.indexOf(0)
  const path = pathZyx.map((point) => point.map((at, axis) => (axis === flat ? pathZyx[0][axis] : at)))
  for (let i = 0; i < Math.max(1, path.length - 1); i++)
    pieceVoxels(path[i], path[Math.min(i + 1, path.length - 1)], radiusZyx, shapeZyx, take)
}

/** One straight piece: where radii are the unit of length it is a capsule of radius 1. */
function pieceVoxels(
  from: readonly number[],
  to: readonly number[],
  radius: readonly number[],
  shape: readonly number[],
  take: TakeVoxels,
): void {
  const low = from.map((at, axis) => Math.max(0, Math.ceil(Math.min(at, to[axis]) - radius[axis])))
  const high = from.map((at, axis) => Math.min(shape[axis] - 1, Math.floor(Math.max(at, to[axis]) + radius[axis])))
  const scale = radius.map((length) => (length === 0 ? 0 : 1 / length))
  const along = from.map((at, axis) => (to[axis] - at) * scale[axis])
  const lengthSquared = along.reduce((sum, step) => sum + step * step, 0)
  for (let z = low[0]; z <= high[0]; z++)
    for (let y = low[1]; y <= high[1]; y++) {
      const [dz, dy] = [(z - from[0]) * scale[0], (y - from[1]) * scale[1]]
      let start = -1
      for (let x = low[2]; x <= high[2] + 1; x++) {
        const dx = (x - from[2]) * scale[2]
        const dot = dz * along[0] + dy * along[1] + dx * along[2]
        const t = lengthSquared === 0 ? 0 : Math.min(1, Math.max(0, dot / lengthSquared))
        const distance = (dz - t * along[0]) ** 2 + (dy - t * along[1]) ** 2 + (dx - t * along[2]) ** 2
        const isIn = x <= high[2] && distance <= 1 + 1e-9
        if (isIn && start < 0) start = x
        if (isIn || start < 0) continue
        take(z, y, start, x)
        break
      }
    }
}
