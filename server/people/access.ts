import { DomainError } from '../../shared/errors/domain-error.ts'

/** What a token lets its holder do; each contains the ones before it. */
export const SCOPES = ['read', 'write', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** The user of the server's own token, and of everything from before there were others. */
export const SERVER_USER = 'owner'

/** Who sent a request, and what they may do. */
export interface Access {
  user: string
  scopes: readonly Scope[]
  /** Null where no stored token was used. */
  tokenId: string | null
  /** ISO 8601; null where it does not expire. */
  expiresAt: string | null
}

/** Lower-case names: of users and groups. An e-mail address is one, too. */
const NAME = /^[a-z0-9][a-z0-9._@+-]{0,99}$/

export function isName(text: string): boolean {
  return NAME.test(text)
}

/** The name of a user or group as it is stored, or null where it cannot be one. */
export function asName(text: string): string | null {
  const name = text.normalize('NFC').toLowerCase()
  return NAME.test(name) ? name : null
}

/** Everything that the given scopes contain. */
export function withContained(scopes: readonly Scope[]): Scope[] {
  const highest = Math.max(...scopes.map((scope) => SCOPES.indexOf(scope)))
  return SCOPES.slice(0, highest + 1)
}

/** @throws {DomainError} `scope_missing` */
export function checkScope(access: Access, scope: Scope): void {
  if (!access.scopes.includes(scope)) throw new DomainError('scope_missing', { scope })
}
