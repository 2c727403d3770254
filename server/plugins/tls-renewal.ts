import type { Server } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { fingerprintOf, type TlsPair, type TlsPaths, watchTlsPair } from '../adapters/tls-files.ts'

/** A server's certificate and key, and where renewed ones will lie. */
export interface TlsSettings {
  paths: TlsPaths
  pair: TlsPair
  /** How often the files are looked at, milliseconds. */
  lookMs?: number
}

/** What the server speaks: TLS 1.2 and 1.3. */
export function tlsOptions({ cert, key }: TlsPair) {
  return { cert, key, minVersion: 'TLSv1.2' as const }
}

/** Says which certificate is used, and takes a renewed one without a restart; open connections keep theirs. */
export function renewTls(app: FastifyInstance, { paths, pair, lookMs }: TlsSettings): void {
  const server = app.server as unknown as Server
  app.log.info({ fingerprint: fingerprintOf(pair) }, 'certificate in use')
  const changed = (next: TlsPair) => {
    server.setSecureContext(tlsOptions(next))
    app.log.info({ fingerprint: fingerprintOf(next) }, 'certificate in use')
  }
  const failed = (error: unknown) => app.log.error({ err: error }, 'renewed certificate not usable')
  const stop = watchTlsPair(paths, pair, { changed, failed }, lookMs)
  app.addHook('onClose', async () => stop())
}
