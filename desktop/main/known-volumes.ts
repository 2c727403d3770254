import type { CryoMambaClient } from '../../shared/client/api.ts'
import type { Volume } from '../../shared/contract/volumes.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'

/** A volume that is deleted on the server is still taken for there this long. */
const KEPT_MS = 5 * 60_000

/** Old ones beyond are asked for one by one. */
const LONGEST_LIST = 200

/** Volumes of the server in use by their ids, which always mean the same bytes: each is asked for once in a while. */
export class KnownVolumes {
  private client: CryoMambaClient | null = null
  private readMs = 0
  /** Null for what the server no longer has. */
  private readonly volumes = new Map<string, Volume | null>()

  /** Those of some ids; null for what the server no longer has. One request, but for old volumes that its list leaves out. */
  async find(client: CryoMambaClient, ids: readonly string[]): Promise<ReadonlyMap<string, Volume | null>> {
    this.forgetOld(client)
    if (this.missing(ids).length > 1)
      for (const volume of await client.volumes(LONGEST_LIST)) this.volumes.set(volume.volume_id, volume)
    await Promise.all(this.missing(ids).map(async (id) => this.volumes.set(id, await volumeOf(client, id))))
    return this.volumes
  }

  private missing(ids: readonly string[]): string[] {
    return [...new Set(ids)].filter((id) => !this.volumes.has(id))
  }

  private forgetOld(client: CryoMambaClient): void {
    if (this.client === client && Date.now() < this.readMs + KEPT_MS) return
    this.client = client
    this.readMs = Date.now()
    this.volumes.clear()
  }
}

/** Null where the server no longer has it. */
export async function volumeOf(client: CryoMambaClient, volumeId: string): Promise<Volume | null> {
  return client.volume(volumeId).catch((error) => {
    if (error instanceof DomainError && error.code === 'volume_not_found') return null
    throw error
  })
}
