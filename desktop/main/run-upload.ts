import path from 'node:path'
import type { Mode0 } from '../../shared/contract/bridge.ts'
import { openUpload, type UploadFile } from '../../shared/node/open-upload.ts'
import { stampOf } from './file-identity.ts'
import { MrcStream } from './mrc-stream.ts'
import { omeZarrFolder, openOmeZarr } from './volume-service/ome-zarr.ts'

/**
 * The bytes of a volume as a server takes them: a file as it is, the finest level of an OME-Zarr image as MRC.
 * @throws {DomainError} `file_not_found`, `file_unreadable`, `format_*`
 */
export async function openRunUpload(file: string, mode0: Mode0 | null): Promise<UploadFile> {
  const folder = await omeZarrFolder(file)
  if (!folder) return openUpload(file, mode0 ?? undefined)
  const { source } = await openOmeZarr(folder)
  const name = `${path.basename(folder).replace(/(\.ome)?\.zarr$/i, '')}.mrc`
  const { modifiedMs } = await stampOf(folder)
  return {
    source: new MrcStream(source, name),
    modifiedMs,
    isUnchanged: async () => (await stampOf(folder).catch(() => null))?.modifiedMs === modifiedMs,
  }
}
