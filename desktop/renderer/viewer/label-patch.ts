import type { Zyx } from '../../../shared/volume/zyx.ts'

/**
 * Puts the slots of a box into those of a level.
 * @param bitmap slots of the level, z, y, x order; changed in place
 * @param slots  of the box
 */
export function writeSlots(
  bitmap: Uint8Array,
  [, ny, nx]: Zyx,
  slots: Uint8Array,
  { start_zyx: [z0, y0, x0], shape_zyx: [sz, sy, sx] }: { start_zyx: Zyx; shape_zyx: Zyx },
): void {
  for (let z = 0, from = 0; z < sz; z++)
    for (let y = 0; y < sy; y++, from += sx)
      bitmap.set(slots.subarray(from, from + sx), ((z0 + z) * ny + y0 + y) * nx + x0)
}
