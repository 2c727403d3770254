import type { CryoMambaClient } from '../../shared/client/api.ts'
import { createClient } from '../../shared/client/client.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { startEmbeddedServer } from './server-process.ts'

/** Options of every command that talks to a server. */
export const SERVER_OPTIONS = { server: { type: 'string' }, token: { type: 'string' } } as const

/**
 * Calls `work` with the named server, or with an embedded one that is stopped afterwards, whatever happens.
 * @throws {DomainError} `usage` when a server is named without a token
 */
export async function withServer<T>(
  options: { server?: string; token?: string; modelFolders?: string[]; env?: Record<string, string> },
  work: (client: CryoMambaClient) => Promise<T>,
): Promise<T> {
  if (options.server !== undefined) {
    const token = options.token ?? process.env.CRYOMAMBA_TOKEN
    if (!token)
      throw new DomainError('usage', {
        reason: 'A server needs a token.',
        hint: 'Add --token, or set CRYOMAMBA_TOKEN.',
      })
    return work(createClient({ url: options.server, token }))
  }
  const server = await startEmbeddedServer(options)
  try {
    return await work(createClient(server))
  } finally {
    await server.stop()
  }
}
