import type { LabelLevel } from './open-volume.ts'

/**
 * The planes of a label level from the first to the last one that differs from what was sent before.
 * @returns null where it cannot be compared: another run, level or type
 */
export function changedPlanes(
  now: LabelLevel,
  before: LabelLevel | null,
): { firstPlane: number; voxels: LabelLevel['voxels'] } | null {
  if (!before || before.runRef !== now.runRef || before.bin !== now.bin) return null
  if (before.voxels.length !== now.voxels.length || before.voxels.constructor !== now.voxels.constructor) return null
  const planeVoxels = now.shapeZyx[1] * now.shapeZyx[2]
  let first = 0
  let end = now.voxels.length
  while (first < end && now.voxels[first] === before.voxels[first]) first++
  while (end > first && now.voxels[end - 1] === before.voxels[end - 1]) end--
  const firstPlane = Math.floor(first / planeVoxels)
  const lastPlane = first === end ? firstPlane : Math.ceil(end / planeVoxels)
  return { firstPlane, voxels: now.voxels.slice(firstPlane * planeVoxels, lastPlane * planeVoxels) }
}
