import { DomainError } from '../../shared/errors/domain-error.ts'
import type { LiveEvent } from '../jobs/job-events.ts'
import type { LiveClient } from './live-client.ts'

/** Below the 30 to 60 s after which proxies drop a silent connection. */
const KEEPALIVE_MS = 25_000

/** A client that leaves this many WebSocket pings in a row without an answer is gone. */
const MOST_UNANSWERED = 3

/** Why the server closes a socket, beside 1000 (job ended), 1001 (server stopping) and 1011 (internal error). */
export const CLOSE = {
  noAnswer: [1008, 'no answer'],
  tokenEnded: [4401, 'token ended'],
  jobGone: [4404, 'job not found'],
} as const

/** An open socket and by whose leave it is open. */
export interface Watcher {
  jobId: string
  user: string
  token: string
  client: LiveClient
  /** Sends a WebSocket ping. */
  ping: () => void
  /** Pings since the last answer. */
  unanswered: number
}

export interface LiveSocketsNeeds {
  /** 0: no limit. */
  mostPerUser: number
  /** @throws {DomainError} `unauthorized`, `token_expired` */
  checkToken(token: string): Promise<unknown>
  /** @throws {DomainError} `job_not_found` */
  checkJob(user: string, jobId: string): Promise<unknown>
  onError(error: unknown): void
  keepaliveMs?: number
}

/**
 * The open sockets: how many each user has, and one clock for all that keeps them alive and closes those whose token has
 * ended or whose user may no longer see the job.
 */
export class LiveSockets {
  private readonly numOf = new Map<string, number>()
  private readonly watchers = new Set<Watcher>()
  private readonly needs: LiveSocketsNeeds
  private timer: NodeJS.Timeout | null = null
  private isChecking = false

  constructor(needs: LiveSocketsNeeds) {
    this.needs = needs
  }

  /** Takes a place of a user. @returns gives it back, once however often it is called @throws {DomainError} `sockets_limit` */
  reserve(user: string): () => void {
    const open = this.numOf.get(user) ?? 0
    const limit = this.needs.mostPerUser
    if (limit > 0 && open >= limit) throw new DomainError('sockets_limit', { open, limit })
    this.numOf.set(user, open + 1)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      const left = (this.numOf.get(user) ?? 1) - 1
      if (left > 0) this.numOf.set(user, left)
      else this.numOf.delete(user)
    }
  }

  /** @returns takes the socket away again */
  add(watcher: Watcher): () => void {
    this.watchers.add(watcher)
    this.timer ??= setInterval(() => this.look(), this.needs.keepaliveMs ?? KEEPALIVE_MS).unref()
    return () => {
      this.watchers.delete(watcher)
      if (this.watchers.size > 0 || !this.timer) return
      clearInterval(this.timer)
      this.timer = null
    }
  }

  private look(): void {
    for (const watcher of this.watchers) keepAlive(watcher)
    if (this.isChecking) return
    this.isChecking = true
    void this.check().finally(() => {
      this.isChecking = false
    })
  }

  /** Asks once for each token and once for each user and job, however many sockets they have. */
  private async check(): Promise<void> {
    const { checkToken, checkJob } = this.needs
    for (const watchers of this.groupsBy(({ token }) => token))
      if (await this.isRefused(checkToken(watchers[0].token), ['unauthorized', 'token_expired']))
        for (const { client } of watchers) client.close(...CLOSE.tokenEnded)
    for (const watchers of this.groupsBy(({ user, jobId }) => `${jobId} ${user}`))
      if (await this.isRefused(checkJob(watchers[0].user, watchers[0].jobId), ['job_not_found']))
        for (const { client } of watchers) client.close(...CLOSE.jobGone)
  }

  /** Whether a check says one of these; that it could not be made says nothing. */
  private async isRefused(check: Promise<unknown>, codes: readonly string[]): Promise<boolean> {
    try {
      await check
    } catch (error) {
      if (error instanceof DomainError && codes.includes(error.code)) return true
      this.needs.onError(error)
    }
    return false
  }

  private groupsBy(keyOf: (watcher: Watcher) => string): Watcher[][] {
    const groups = new Map<string, Watcher[]>()
    for (const watcher of this.watchers) {
      const group = groups.get(keyOf(watcher))
      if (group) group.push(watcher)
      else groups.set(keyOf(watcher), [watcher])
    }
    return [...groups.values()]
  }
}

function keepAlive(watcher: Watcher): void {
  if (watcher.unanswered >= MOST_UNANSWERED) return watcher.client.close(...CLOSE.noAnswer)
  watcher.unanswered++
  watcher.ping()
  watcher.client.take(pingEvent(watcher.jobId))
}

function pingEvent(jobId: string): LiveEvent {
  return { frame: { type: 'ping', seq: 0, job_id: jobId, time: new Date().toISOString(), data: {} }, payload: null }
}
