import { readFile } from 'node:fs/promises'
import type { CryoMambaClient } from '../../shared/client/api.ts'
import { createClient } from '../../shared/client/client.ts'
import type { ServerTrust } from '../../shared/client/server-trust.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { startEmbeddedServer } from './server-process.ts'

/** Options of every command that talks to a server. */
export const SERVER_OPTIONS = {
  server: { type: 'string' },
  token: { type: 'string' },
  ca: { type: 'string' },
  fingerprint: { type: 'string' },
} as const

interface ServerChoice {
  server?: string
  token?: string
  ca?: string
  fingerprint?: string
}

/**
 * Calls `work` with the named server, or with an embedded one that is stopped afterwards, whatever happens.
 * @throws {DomainError} `usage` when a server is named without a token, `file_unreadable` for the CA file
 */
export async function withServer<T>(
  options: ServerChoice & { modelFolders?: string[]; env?: Record<string, string> },
  work: (client: CryoMambaClient) => Promise<T>,
): Promise<T> {
  if (options.server !== undefined) {
    const token = options.token ?? process.env.CRYOMAMBA_TOKEN
    if (!token)
      throw new DomainError('usage', {
        reason: 'A server needs a token.',
        hint: 'Add --token, or set CRYOMAMBA_TOKEN.',
      })
    return work(createClient({ url: options.server, token, trust: await trustOf(options) }))
  }
  const server = await startEmbeddedServer(options)
  try {
    return await work(createClient(server))
  } finally {
    await server.stop()
  }
}

/** What is accepted beside public authorities: a CA file, or the fingerprint of the server's certificate. */
async function trustOf({ ca, fingerprint }: ServerChoice): Promise<ServerTrust> {
  const caFile = ca ?? process.env.CRYOMAMBA_CA
  const confirmed = fingerprint ?? process.env.CRYOMAMBA_FINGERPRINT
  return {
    ...(caFile ? { ca: await readCa(caFile) } : {}),
    ...(confirmed ? { fingerprint: confirmed } : {}),
  }
}

async function readCa(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new DomainError('file_unreadable', { path, reason: String((cause as NodeJS.ErrnoException).code), cause })
  }
}
