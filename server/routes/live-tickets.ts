import { createHash, randomBytes } from 'node:crypto'
import { DomainError } from '../../shared/errors/domain-error.ts'

/** 256 bits: cannot be guessed. */
const TICKET_BYTES = 32

/** A page opens its socket right after it asked. */
const LIFETIME_MS = 30_000

/** Tickets held at once; the oldest go first. */
const MOST_HELD = 10_000

interface Held {
  jobId: string
  token: string
  endsMs: number
}

/**
 * Tickets for browser pages, which cannot send a header with a WebSocket: each stands once, for half a minute and for one
 * job, for the token that asked for it. Held in memory only, by their hashes; a restart ends them all.
 */
export class LiveTickets {
  /** In the order of their ends. */
  private readonly held = new Map<string, Held>()
  private readonly nowMs: () => number

  constructor(nowMs: () => number = Date.now) {
    this.nowMs = nowMs
  }

  make(jobId: string, token: string): { ticket: string; expiresAt: string } {
    this.forgetOld()
    const ticket = randomBytes(TICKET_BYTES).toString('base64url')
    const endsMs = this.nowMs() + LIFETIME_MS
    this.held.set(hashOf(ticket), { jobId, token, endsMs })
    return { ticket, expiresAt: new Date(endsMs).toISOString() }
  }

  /** The token that a ticket stands for; the ticket is used up, whatever comes of it. @throws {DomainError} `ticket_invalid` */
  take(ticket: string, jobId: string): string {
    const hash = hashOf(ticket)
    const found = this.held.get(hash)
    this.held.delete(hash)
    if (!found || found.endsMs <= this.nowMs() || found.jobId !== jobId) throw new DomainError('ticket_invalid')
    return found.token
  }

  private forgetOld(): void {
    for (const [hash, { endsMs }] of this.held) {
      if (endsMs > this.nowMs() && this.held.size < MOST_HELD) return
      this.held.delete(hash)
    }
  }
}

function hashOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('hex')
}
