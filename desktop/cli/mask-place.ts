import { DomainError } from '../../shared/errors/domain-error.ts'
import { compareGrids, isOneSize, shown } from '../../shared/volume/grid-difference.ts'
import type { VolumeHeader } from '../../shared/volume/header.ts'

/**
 * Refuses a mask whose file says that it lies on another grid than the volume: shape, voxel size in whatever units, and,
 * unless `ignoresPlace`, directions and place. What a file does not state differs not.
 * @param name of the mask, for the message
 * @throws {DomainError} `mask_grid_differs`
 */
export function checkMaskPlace(
  mask: VolumeHeader,
  volume: VolumeHeader,
  { name, ignoresPlace = false }: { name: string; ignoresPlace?: boolean },
): void {
  const isOneShape = mask.shapeZyx.join() === volume.shapeZyx.join()
  if (isOneShape && sizesDiffer(mask, volume)) {
    const [found, wanted] = [mask, volume].map(
      ({ voxelSizeZyx, unit }) => `${voxelSizeZyx && shown(voxelSizeZyx)} ${unit ?? 'of an unknown unit'}`,
    )
    const reason = `its voxels are ${found} (x, y, z), those of the volume ${wanted}`
    throw new DomainError('mask_grid_differs', { name, reason })
  }
  const { refusal, doubt } = compareGrids(mask, volume)
  const reason = refusal ?? doubt
  if (reason === null || (isOneShape && ignoresPlace)) return
  const hint = 'Choose the mask of this volume, or lay it over voxel by voxel with --ignore-place.'
  throw new DomainError('mask_grid_differs', { name, reason, ...(isOneShape ? { hint } : {}) })
}

function sizesDiffer(mask: VolumeHeader, volume: VolumeHeader): boolean {
  if (!mask.voxelSizeZyx || !volume.voxelSizeZyx) return false
  const isComparable = mask.unit === volume.unit || (mask.unit !== null && volume.unit !== null)
  return isComparable && !isOneSize(mask, volume)
}
