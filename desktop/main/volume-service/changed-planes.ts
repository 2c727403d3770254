import type { LabelLevel } from './open-volume.ts'

/**
 * The planes of a label level from the first to the last one that differs from what was sent before.
 * @returns null where it cannot be compared: another run, level or type
 */
export function changedPlanes(
  now: LabelLevel,
  before: LabelLevel | null,
): { firstPlane: number; voxels: LabelLevel['voxels'] } | null {
  if (!before || before.runRef !== now.runRef || before.bin !== now.bin || before.factor !== now.factor) return null
  if (before.voxels.length !== now.voxels.length || before.voxels.constructor !== now.voxels.constructor) return null
  const planeVoxels = now.shapeZyx[1] * now.shapeZyx[2]
  const numPlanes = now.voxels.length / planeVoxels
  const isSame = (plane: number) => bytesOf(now, plane, planeVoxels).equals(bytesOf(before, plane, planeVoxels))
  let first = 0
  let end = numPlanes
  while (first < end && isSame(first)) first++
  while (end > first && isSame(end - 1)) end--
  if (first === 0 && end === numPlanes) return { firstPlane: 0, voxels: now.voxels }
  return {
    firstPlane: first === numPlanes ? 0 : first,
    voxels: now.voxels.slice(first * planeVoxels, end * planeVoxels),
  }
}

/** A plane's bytes, which are compared faster than its voxels. */
function bytesOf({ voxels }: LabelLevel, plane: number, planeVoxels: number): Buffer {
  const { buffer, byteOffset, BYTES_PER_ELEMENT: size } = voxels
  return Buffer.from(buffer, byteOffset + plane * planeVoxels * size, planeVoxels * size)
}
