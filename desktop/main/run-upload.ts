import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { Mode0 } from '../../shared/contract/bridge.ts'
import { openUpload, type UploadFile } from '../../shared/node/open-upload.ts'
import { MrcStream } from './mrc-stream.ts'
import { omeZarrFolder, openOmeZarr } from './volume-service/ome-zarr.ts'

/** What says how the chunks of an image are to be read; whoever writes an image anew writes it. */
const METADATA = ['zarr.json', '.zattrs', '.zgroup']

/**
 * The bytes of a volume as a server takes them: a file as it is, the finest level of an OME-Zarr image as MRC.
 * @throws {DomainError} `file_not_found`, `file_unreadable`, `format_*`
 */
export async function openRunUpload(file: string, mode0: Mode0 | null): Promise<UploadFile> {
  const folder = await omeZarrFolder(file)
  if (!folder) return openUpload(file, mode0 ?? undefined)
  const { source } = await openOmeZarr(folder)
  const name = `${path.basename(folder).replace(/(\.ome)?\.zarr$/i, '')}.mrc`
  const modifiedMs = await newestMs(folder)
  return {
    source: new MrcStream(source, name),
    modifiedMs,
    isUnchanged: async () => (await newestMs(folder).catch(() => null)) === modifiedMs,
  }
}

async function newestMs(folder: string): Promise<number> {
  const files = METADATA.map((name) => path.join(folder, name)).filter((file) => existsSync(file))
  return Math.max(...(await Promise.all(files.map(async (file) => (await stat(file)).mtimeMs))))
}
