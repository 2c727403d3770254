import { Value } from 'typebox/value'
import type { CryoMambaClient, ServerAddress } from '../../shared/client/api.ts'
import { type Connection, Connection as ConnectionSchema, type ConnectionTarget } from '../../shared/contract/bridge.ts'
import type { ModelSummary } from '../../shared/contract/models.ts'
import type { ServerInfo } from '../../shared/contract/server-info.ts'
import { DomainError, envelopeOf, type ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import type { ConfirmedCertificates } from './confirmed-certificates.ts'
import type { LocalEngine } from './local-engine.ts'
import type { RunTarget } from './run-record.ts'
import { serverUrl } from './server-url.ts'
import type { TokenVault } from './token-vault.ts'

// Long enough for a slow line, short enough that a wrong address is not mistaken for work.
const ANSWER_TIMEOUT_MS = 15_000

// A server that is lost is seen within this and the time of an answer; each look is a line in its log.
const LOOK_EVERY_MS = 10_000

export interface ConnectionDeps {
  createClient: (address: ServerAddress) => CryoMambaClient
  vault: TokenVault
  certificates: ConfirmedCertificates
  engine: LocalEngine
  /** Told when the server in use stops to answer (why), and when it answers again (null). */
  onHeard: (problem: ProblemEnvelope | null) => void
}

/** The server in use: none, one somewhere, or the one on this computer. */
export class Connections {
  private readonly deps: ConnectionDeps
  private inUse: { client: CryoMambaClient; connection: Connection } | null = null
  private isLost = false
  private watch: NodeJS.Timeout | undefined

  constructor(deps: ConnectionDeps) {
    this.deps = deps
  }

  get connection(): Connection | null {
    return this.inUse?.connection ?? null
  }

  /** @throws {DomainError} `not_connected` */
  get current(): { client: CryoMambaClient; connection: Connection } {
    if (!this.inUse) throw new DomainError('not_connected')
    return this.inUse
  }

  /** Asks a server for its facts without using it. @throws {DomainError} with the reason */
  async test(target: ConnectionTarget): Promise<ServerInfo> {
    const client = this.deps.createClient(await this.addressOf(target))
    return inTime(client.address.url, (signal) => client.info(signal))
  }

  /** Connects and remembers the server. @throws {DomainError} with the reason; what was in use stays in use */
  async use(target: ConnectionTarget): Promise<Connection> {
    const address = await this.addressOf(target)
    const client = this.deps.createClient(address)
    const [info, models, me] = await inTime(
      address.url,
      async (signal) => [await client.info(signal), await client.models(signal), await client.me(signal)] as const,
    )
    const connection = checked({ kind: target.kind, url: address.url, info, models: newestOfEach(models), me })
    if (target.kind === 'server') this.deps.vault.keep(address.url, address.token)
    this.leave()
    this.inUse = { client, connection }
    this.watch = setInterval(() => void this.look(client), LOOK_EVERY_MS)
    return connection
  }

  leave(): void {
    clearInterval(this.watch)
    this.inUse = null
    this.isLost = false
  }

  /** Forgets a server and its token; what is in use stays in use. */
  forget(url: string): void {
    this.deps.vault.forget(serverUrl(url))
  }

  /** A client for the server of an earlier run. @throws {DomainError} `unauthorized`, `engine_not_available` */
  async clientFor(target: RunTarget): Promise<CryoMambaClient> {
    return this.deps.createClient(await this.addressOf(target.kind === 'local' ? target : { ...target, token: null }))
  }

  /** Asks the server in use whether it is there; only changes are told. */
  private async look(client: CryoMambaClient): Promise<void> {
    const problem = await inTime(client.address.url, (signal) => client.info(signal)).then(
      () => null,
      (error) => envelopeOf(error),
    )
    if (this.inUse?.client !== client || (problem !== null) === this.isLost) return
    this.isLost = problem !== null
    this.deps.onHeard(problem)
  }

  private async addressOf(target: ConnectionTarget): Promise<ServerAddress> {
    if (target.kind === 'local') return this.deps.engine.start()
    const url = serverUrl(target.url)
    const token = target.token ?? this.deps.vault.find(url)
    if (!token) throw new DomainError('unauthorized', { message: 'A server needs a token.' })
    const { vault, certificates } = this.deps
    return { url, token, trust: certificates.trustOf(url), renewToken: async () => vault.find(url) }
  }
}

/** What a server said of itself, without what this version does not know. @throws {DomainError} `server_incompatible` */
function checked(connection: Connection): Connection {
  const known = Value.Clean(ConnectionSchema, connection)
  if (!Value.Check(ConnectionSchema, known)) throw new DomainError('server_incompatible', { url: connection.url })
  return known
}

async function inTime<T>(url: string, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  try {
    return await ask(signal)
  } catch (error) {
    if (!signal.aborted) throw error
    throw new DomainError('server_unreachable', { url, reason: `no answer in ${ANSWER_TIMEOUT_MS / 1000} s` })
  }
}

/** The window offers the newest version of each model; a server lists it first. */
function newestOfEach(models: readonly ModelSummary[]): ModelSummary[] {
  return models.filter(({ id }, i) => models.findIndex((one) => one.id === id) === i)
}
