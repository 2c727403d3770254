import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { LinkKey, LinkKeys } from './link-keys.ts'

/** What a link says beside job and name. */
export interface LinkQuery {
  expires: number
  /** Id of the key that signed it. */
  key: string
  /** First characters of the artifact's SHA-256: a link never gives other bytes than those it was made for. */
  content: string
  /** Who got the link, sealed: addresses are written down by proxies, which need not know. Absent in links of older servers. */
  holder?: string
  signature: string
}

/** 64 bits of the hash are enough to tell two results of a job apart. */
const CONTENT_CHARACTERS = 16

const IV_BYTES = 12
const TAG_BYTES = 16

/** Signed, expiring links to artifacts: HMAC-SHA-256 over job, name, content, expiry and holder. */
export class ArtifactLinks {
  private readonly keys: Pick<LinkKeys, 'current' | 'find'>
  private readonly lifetimeSeconds: number

  constructor(keys: Pick<LinkKeys, 'current' | 'find'>, lifetimeSeconds: number) {
    this.keys = keys
    this.lifetimeSeconds = lifetimeSeconds
  }

  /**
   * Path and query of a link that works until `expiresAt`, and for these bytes only.
   * @param artifact with its SHA-256, hex
   * @param user who gets it
   */
  make(
    jobId: string,
    { name, sha256 }: { name: string; sha256: string },
    user: string,
    nowMs = Date.now(),
  ): { url: string; expiresAt: string } {
    const expires = Math.floor(nowMs / 1000) + this.lifetimeSeconds
    const content = sha256.slice(0, CONTENT_CHARACTERS)
    const key = this.keys.current
    const holder = seal(key, user)
    const signature = sign(key, [jobId, name, content, expires, holder])
    const query = new URLSearchParams({ expires: String(expires), content, key: key.id, holder, signature })
    return {
      url: `/v1/files/${jobId}/${encodeURIComponent(name)}?${query}`,
      expiresAt: new Date(expires * 1000).toISOString(),
    }
  }

  /** Who got the link; null where it does not say. @throws {DomainError} `signature_invalid` */
  check(jobId: string, name: string, query: LinkQuery, nowMs = Date.now()): string | null {
    const { expires, content, holder, signature } = query
    const key = this.keys.find(query.key)
    const parts = [jobId, name, content, expires, ...(holder === undefined ? [] : [holder])]
    const isGenuine = key !== null && isSame(signature, sign(key, parts))
    if (!isGenuine || !(expires * 1000 > nowMs)) throw new DomainError('signature_invalid')
    return holder === undefined ? null : unseal(key, holder)
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

/** AES-256-GCM with a key of its own that is made of the link's key. */
const sealingKey = (key: LinkKey) =>
  createHmac('sha256', Buffer.from(key.secret, 'base64url')).update('holder').digest()

function seal(key: LinkKey, text: string): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', sealingKey(key), iv)
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')
}

/** What was sealed; its signature was checked before. */
function unseal(key: LinkKey, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(key), bytes.subarray(0, IV_BYTES))
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
}
