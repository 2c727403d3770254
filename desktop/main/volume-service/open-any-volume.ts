import type { OpenedVolume as OpenedView } from '../../../shared/contract/bridge.ts'
import type { OpenedVolume } from '../../../shared/formats/raw-voxel-source.ts'
import { type OpenVolumeOptions, openVolumeFile } from '../../../shared/node/volume-file.ts'
import { omeZarrFolder, openOmeZarr, type ZarrLevel } from './ome-zarr.ts'

/** A volume of this computer, whatever it is stored in. */
export interface AnyVolume {
  source: OpenedVolume
  format: OpenedView['format']
  /** The file, or the folder of an OME-Zarr image, which a path to a file in it may have meant. */
  place: string
  /** Levels that lie there already; null in a file. */
  levels: ZarrLevel[] | null
}

/**
 * Opens a file, or the finest level of an OME-Zarr image. The caller closes `source`.
 * @throws {DomainError} what `openVolumeFile` and `openOmeZarr` throw
 */
export async function openAnyVolume(path: string, options: OpenVolumeOptions = {}): Promise<AnyVolume> {
  const folder = await omeZarrFolder(path)
  if (folder) return { ...(await openOmeZarr(folder)), format: 'ome-zarr', place: folder }
  const source = await openVolumeFile(path, options)
  return { source, format: source.header.format, place: path, levels: null }
}
