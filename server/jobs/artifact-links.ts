import { createHmac, timingSafeEqual } from 'node:crypto'
import { DomainError } from '../../shared/errors/domain-error.ts'

/** Signed, expiring links to artifacts: HMAC-SHA-256 over job, name and expiry. */
export class ArtifactLinks {
  private readonly key: Buffer
  private readonly lifetimeSeconds: number

  constructor(key: Buffer, lifetimeSeconds: number) {
    this.key = key
    this.lifetimeSeconds = lifetimeSeconds
  }

  /** Path and query of a link that works until `expiresAt`. */
  make(jobId: string, name: string, nowMs = Date.now()): { url: string; expiresAt: string } {
    const expires = Math.floor(nowMs / 1000) + this.lifetimeSeconds
    const url = `/v1/files/${jobId}/${encodeURIComponent(name)}?expires=${expires}&signature=${this.sign(jobId, name, expires)}`
    return { url, expiresAt: new Date(expires * 1000).toISOString() }
  }

  /** @throws {DomainError} `signature_invalid` */
  check(jobId: string, name: string, expires: number, signature: string, nowMs = Date.now()): void {
    const expected = Buffer.from(this.sign(jobId, name, expires))
    const given = Buffer.from(signature)
    const isGenuine = given.length === expected.length && timingSafeEqual(given, expected)
    if (!isGenuine || !(expires * 1000 > nowMs)) throw new DomainError('signature_invalid')
  }

  private sign(jobId: string, name: string, expires: number): string {
    return createHmac('sha256', this.key).update(`${jobId}\n${name}\n${expires}`).digest('base64url')
  }
}
