import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { CryoMambaClient } from '../../shared/client/api.ts'
import type { CommandIo } from './command.ts'

/** Downloads the mask; `.nii` is unpacked from the server's `.nii.gz`. */
export async function saveMask(
  client: CryoMambaClient,
  artifact: Parameters<CryoMambaClient['downloadArtifact']>[0],
  out: string,
  io: CommandIo,
): Promise<void> {
  await mkdir(path.dirname(path.resolve(out)), { recursive: true })
  if (!/\.nii$/i.test(out)) return client.downloadArtifact(artifact, out, { signal: io.signal })
  const packed = `${out}.gz.partial`
  try {
    await client.downloadArtifact(artifact, packed, { signal: io.signal })
    await pipeline(createReadStream(packed), createGunzip(), createWriteStream(`${out}.partial`))
    await rename(`${out}.partial`, out)
  } finally {
    await rm(packed, { force: true })
    await rm(`${out}.partial`, { force: true })
  }
}
