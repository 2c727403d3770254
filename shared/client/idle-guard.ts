import { DomainError } from '../errors/domain-error.ts'

/** Ends a request on which nothing moves any more: after a sleep or a change of network a socket dies without an error. */
export class IdleGuard {
  private readonly stop = new AbortController()
  private timer: NodeJS.Timeout
  private idleMs: number
  /** Aborted by idleness or by the caller. */
  readonly signal: AbortSignal

  constructor(idleMs: number, signal?: AbortSignal) {
    this.idleMs = idleMs
    this.signal = signal ? AbortSignal.any([signal, this.stop.signal]) : this.stop.signal
    this.timer = this.start()
  }

  /** Something moved. @param idleMs how long nothing may move from now on, where that changes */
  touch(idleMs = this.idleMs): void {
    this.idleMs = idleMs
    clearTimeout(this.timer)
    this.timer = this.start()
  }

  end(): void {
    clearTimeout(this.timer)
  }

  /** What an error of the request means: where idleness ended it, that the server does not answer. */
  explain(error: unknown, url: string): unknown {
    if (!this.stop.signal.aborted) return error
    const reason = `nothing moved for ${this.idleMs / 1000} s`
    return new DomainError('server_unreachable', { url, reason, cause: error })
  }

  private start(): NodeJS.Timeout {
    return setTimeout(() => this.stop.abort(), this.idleMs)
  }
}
