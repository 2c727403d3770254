import { stat } from 'node:fs/promises'
import { hashSource } from '../../shared/client/fingerprint.ts'
import type { Mode0 } from '../../shared/contract/bridge.ts'
import type { VolumeMatch } from '../../shared/contract/other-jobs.ts'
import type { Volume } from '../../shared/contract/volumes.ts'
import { openRunUpload } from './run-upload.ts'
import { omeZarrFolder } from './volume-service/ome-zarr.ts'

type Bytes = Pick<Volume, 'size_bytes' | 'sha256'>

/** Tells whether a file of this computer is a volume of the server, by its bytes. A file is read once for that. */
export class FileMatch {
  /** Hashes by file, size and time; null for what cannot be sent. */
  private readonly hashes = new Map<string, Promise<string | null>>()
  private readonly known = new Map<string, string | null>()

  /** As far as it is known now; what has to be read is begun. */
  async look(volume: Bytes, file: string, mode0: Mode0 | null): Promise<VolumeMatch> {
    const key = await keyOf(volume, file)
    if (key === null) return 'other'
    void this.hashOf(key, file, mode0)
    const hash = this.known.get(key)
    return hash === undefined ? 'comparing' : hash === volume.sha256 ? 'open' : 'other'
  }

  async isSame(volume: Bytes, file: string, mode0: Mode0 | null): Promise<boolean> {
    const key = await keyOf(volume, file)
    return key !== null && (await this.hashOf(key, file, mode0)) === volume.sha256
  }

  private hashOf(key: string, file: string, mode0: Mode0 | null): Promise<string | null> {
    const before = this.hashes.get(key)
    if (before) return before
    const hash = hashFile(file, mode0).catch(() => null)
    this.hashes.set(key, hash)
    void hash.then((found) => this.known.set(key, found))
    return hash
  }
}

/** Null where the sizes differ, or there is no such file: nothing has to be read. */
async function keyOf(volume: Bytes, file: string): Promise<string | null> {
  const facts = await sentFacts(file).catch(() => null)
  return facts?.sizeBytes === volume.size_bytes ? `${file} ${facts.sizeBytes} ${facts.modifiedMs}` : null
}

/** Of what would be sent: the file, or the MRC that is made of an OME-Zarr image. */
async function sentFacts(file: string): Promise<{ sizeBytes: number; modifiedMs: number }> {
  if ((await omeZarrFolder(file)) === null) {
    const { size, mtimeMs } = await stat(file)
    return { sizeBytes: size, modifiedMs: mtimeMs }
  }
  const { source, modifiedMs } = await openRunUpload(file, null)
  await source.close()
  return { sizeBytes: source.sizeBytes, modifiedMs }
}

async function hashFile(file: string, mode0: Mode0 | null): Promise<string> {
  const { source } = await openRunUpload(file, mode0)
  try {
    return await hashSource(source, () => undefined)
  } finally {
    await source.close()
  }
}
