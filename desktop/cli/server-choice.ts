import { readFile } from 'node:fs/promises'
import os from 'node:os'
import type { CryoMambaClient, ServerAddress } from '../../shared/client/api.ts'
import { pause } from '../../shared/client/backoff.ts'
import { createClient } from '../../shared/client/client.ts'
import type { ServerTrust } from '../../shared/client/server-trust.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { startEmbeddedServer } from './server-process.ts'

/** Whoever renews the file of a token may be a little late. */
const OTHER_TOKEN_MS = 60_000
const OTHER_TOKEN_LOOK_MS = 1000

/** Options of every command that talks to a server. */
export const SERVER_OPTIONS = {
  server: { type: 'string' },
  token: { type: 'string' },
  'token-file': { type: 'string' },
  ca: { type: 'string' },
  fingerprint: { type: 'string' },
} as const

export interface ServerChoice {
  server?: string
  token?: string
  'token-file'?: string
  ca?: string
  fingerprint?: string
}

/**
 * Calls `work` with the named server, or with an embedded one that is stopped afterwards, whatever happens.
 * @throws {DomainError} `usage` when a server is named without a token, `file_unreadable` for the files of CA and token
 */
export async function withServer<T>(
  options: ServerChoice & { modelFolders?: string[]; env?: Record<string, string> },
  work: (client: CryoMambaClient) => Promise<T>,
): Promise<T> {
  if (options.server !== undefined) {
    const address = { url: options.server, ...(await tokenOf(options)), trust: await trustOf(options) }
    return work(createClient(address))
  }
  const server = await startEmbeddedServer(options)
  try {
    return await work(createClient(server))
  } catch (error) {
    throw asLocalProblem(error, os.tmpdir())
  } finally {
    await server.stop()
  }
}

/** A full disk of the embedded server is one of this computer: its files lie in a folder below `temporary`. */
export function asLocalProblem(error: unknown, temporary: string): unknown {
  if (!(error instanceof DomainError) || error.code !== 'disk_full') return error
  return new DomainError('disk_full', {
    message: `${temporary} of this computer is too full; a run without --server keeps its files there. ${error.message}`,
    hint: 'Free some space there, or name another folder in TMPDIR (TEMP on Windows).',
    cause: error,
  })
}

/** The token, and where another one comes from once it is refused: the file is read again, until it holds another. */
async function tokenOf(options: ServerChoice): Promise<Pick<ServerAddress, 'token' | 'renewToken'>> {
  const file = options['token-file'] ?? process.env.CRYOMAMBA_TOKEN_FILE
  const named = options.token ?? (file ? (await readText(file)).trim() : process.env.CRYOMAMBA_TOKEN)
  if (!named)
    throw new DomainError('usage', {
      reason: 'A server needs a token.',
      hint: 'Add --token or --token-file, or set CRYOMAMBA_TOKEN.',
    })
  if (options.token !== undefined || !file) return { token: named }
  return { token: named, renewToken: (refused) => otherToken(file, refused) }
}

async function otherToken(file: string, refused: string): Promise<string | null> {
  for (const endMs = Date.now() + OTHER_TOKEN_MS; ; ) {
    const token = (await readText(file)).trim()
    if (token !== '' && token !== refused) return token
    if (Date.now() >= endMs) return null
    await pause(OTHER_TOKEN_LOOK_MS)
  }
}

/** What is accepted beside public authorities: a CA file, or the fingerprint of the server's certificate. */
async function trustOf({ ca, fingerprint }: ServerChoice): Promise<ServerTrust> {
  const caFile = ca ?? process.env.CRYOMAMBA_CA
  const confirmed = fingerprint ?? process.env.CRYOMAMBA_FINGERPRINT
  return {
    ...(caFile ? { ca: await readText(caFile) } : {}),
    ...(confirmed ? { fingerprint: confirmed } : {}),
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new DomainError('file_unreadable', { path, reason: String((cause as NodeJS.ErrnoException).code), cause })
  }
}
