import type { VolumeRequest } from '../../../shared/contract/bridge.ts'
import type { Store } from '../state/store.ts'

/** Asks for the finest level within what the user wants and the graphics card takes; a level less for each lost context. */
export function levelRequest(
  { volume, graphicsLosses, mostVoxels }: Pick<Store, 'volume' | 'graphicsLosses' | 'mostVoxels'>,
  { maxVoxels, maxAxis }: { maxVoxels: number; maxAxis: number },
): VolumeRequest | null {
  if (!volume) return null
  return {
    type: 'level',
    volume_ref: volume.volume_ref,
    max_voxels: Math.max(1, Math.floor((mostVoxels ?? maxVoxels) / 8 ** graphicsLosses)),
    max_axis: maxAxis,
  }
}
