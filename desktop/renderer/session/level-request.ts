import type { VolumeRequest } from '../../../shared/contract/volume-port.ts'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { numVoxels } from '../../../shared/volume/zyx.ts'
import type { Store } from '../state/store.ts'
import { MOST_LEVEL_VOXELS } from '../state/view-slice.ts'

/** Asks for the finest level within what the user wants, the graphics card takes and a lost context has left. */
export function levelRequest(
  { volume, leastBin, mostVoxels }: Pick<Store, 'volume' | 'leastBin' | 'mostVoxels'>,
  { maxVoxels, maxAxis }: { maxVoxels: number; maxAxis: number },
): VolumeRequest | null {
  if (!volume) return null
  const wanted = Math.min(mostVoxels ?? maxVoxels, MOST_LEVEL_VOXELS)
  // The first picture is a share of what is asked for: only a loss may bring that down to what the volume has.
  const left = leastBin > 1 ? numVoxels(blockGridShape(volume.shape_zyx, leastBin)) : wanted
  return {
    type: 'level',
    volume_ref: volume.volume_ref,
    max_voxels: Math.max(1, Math.floor(Math.min(wanted, left))),
    max_axis: maxAxis,
  }
}
