import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { DomainError } from '../../shared/errors/domain-error.ts'

const MINUTE_MS = 60_000

/** Refused tokens of one address in a minute. Programs that lost their token ask a few times, not once a second. */
const MOST_PER_MINUTE = 60

/** Addresses and tokens that are remembered, some 200 bytes each; the oldest are forgotten first. */
const MOST_KNOWN = 10_000

/** A token that was good is told from a guess for this long. */
const GOOD_MS = 3_600_000

/**
 * Counts refused tokens per address and minute: the limit of requests is of a token, and a refused one has none.
 * Past the limit an address is answered before a token is looked up, unless the token was good a while ago: people
 * behind one address do not lock each other out.
 */
export class RefusedSignIns {
  private readonly counts = new Map<string, { sinceMs: number; refused: number }>()
  private readonly goodUntilMs = new Map<string, number>()
  private readonly most: number
  private readonly now: () => number

  /** @param isLimited false: refused tokens are counted, none is kept from being looked up */
  constructor(isLimited: boolean, now: () => number = Date.now) {
    this.most = isLimited ? MOST_PER_MINUTE : Number.POSITIVE_INFINITY
    this.now = now
  }

  /** @throws {DomainError} `rate_limited` */
  check(address: string, token: string): void {
    const found = this.current(address)
    if (!found || found.refused < this.most) return
    if ((this.goodUntilMs.get(hashOf(token)) ?? 0) > this.now()) return
    const retryAfterSeconds = Math.max(1, Math.ceil((found.sinceMs + MINUTE_MS - this.now()) / 1000))
    throw new DomainError('rate_limited', { limit: this.most, retryAfterSeconds })
  }

  accepted(token: string): void {
    remember(this.goodUntilMs, hashOf(token), this.now() + GOOD_MS)
  }

  /** @returns whether it is the first of this address in a minute */
  refused(address: string, token: string): boolean {
    this.goodUntilMs.delete(hashOf(token))
    const found = this.current(address)
    if (found) found.refused++
    else remember(this.counts, networkOf(address), { sinceMs: this.now(), refused: 1 })
    return !found
  }

  private current(address: string) {
    const found = this.counts.get(networkOf(address))
    return found && this.now() - found.sinceMs < MINUTE_MS ? found : null
  }
}

function remember<T>(known: Map<string, T>, key: string, value: T): void {
  known.delete(key)
  known.set(key, value)
  if (known.size > MOST_KNOWN) known.delete(known.keys().next().value as string)
}

/** Of IPv6 the first 64 bits, for a household has that many addresses; an IPv4 address as it is. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped) return mapped[1]
  if (!isIPv6(address)) return address
  const [head, tail] = address.split('%')[0].split('::')
  const groupsOf = (text: string | undefined) => (text ? text.split(':') : [])
  const [left, right] = [groupsOf(head), groupsOf(tail)]
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
