import { createHmac, timingSafeEqual } from 'node:crypto'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { LinkKey, LinkKeys } from './link-keys.ts'

/** What a link says beside job and name. */
export interface LinkQuery {
  expires: number
  /** Id of the key that signed it. */
  key: string
  /** First characters of the artifact's SHA-256: a link never gives other bytes than those it was made for. */
  content: string
  signature: string
}

/** 64 bits of the hash are enough to tell two results of a job apart. */
const CONTENT_CHARACTERS = 16

/** Signed, expiring links to artifacts: HMAC-SHA-256 over job, name, content and expiry. */
export class ArtifactLinks {
  private readonly keys: Pick<LinkKeys, 'current' | 'find'>
  private readonly lifetimeSeconds: number

  constructor(keys: Pick<LinkKeys, 'current' | 'find'>, lifetimeSeconds: number) {
    this.keys = keys
    this.lifetimeSeconds = lifetimeSeconds
  }

  /** Path and query of a link that works until `expiresAt`, and for these bytes only. @param sha256 of the artifact, hex */
  make(jobId: string, name: string, sha256: string, nowMs = Date.now()): { url: string; expiresAt: string } {
    const expires = Math.floor(nowMs / 1000) + this.lifetimeSeconds
    const content = sha256.slice(0, CONTENT_CHARACTERS)
    const key = this.keys.current
    const signature = sign(key, [jobId, name, content, expires])
    const query = new URLSearchParams({ expires: String(expires), content, key: key.id, signature })
    return {
      url: `/v1/files/${jobId}/${encodeURIComponent(name)}?${query}`,
      expiresAt: new Date(expires * 1000).toISOString(),
    }
  }

  /** @throws {DomainError} `signature_invalid` */
  check(jobId: string, name: string, { expires, content, key: keyId, signature }: LinkQuery, nowMs = Date.now()): void {
    const key = this.keys.find(keyId)
    const isGenuine = key !== null && isSame(signature, sign(key, [jobId, name, content, expires]))
    if (!isGenuine || !(expires * 1000 > nowMs)) throw new DomainError('signature_invalid')
  }

  /** That the artifact still is the one that a link was made for. @throws {DomainError} `signature_invalid` */
  checkContent({ content }: LinkQuery, sha256: string): void {
    if (content !== sha256.slice(0, CONTENT_CHARACTERS)) throw new DomainError('signature_invalid')
  }
}

function sign({ secret }: LinkKey, parts: readonly (string | number)[]): string {
  return createHmac('sha256', Buffer.from(secret, 'base64url')).update(parts.join('\n')).digest('base64url')
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
