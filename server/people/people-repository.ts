import type { Scope } from './access.ts'

/** A token as it is stored: never the token itself. */
export interface TokenRecord {
  tokenId: string
  user: string
  /** What its holder calls it, e.g. a computer. */
  label: string
  /** SHA-256 of the token, hex. */
  hash: string
  scopes: Scope[]
  createdAt: string
  expiresAt: string | null
  revokedAt: string | null
  /** To the minute. */
  lastUsedAt: string | null
}

/** Where a membership comes from: an operator, or the last sign-in through the identity provider. */
export type MembershipSource = 'operator' | 'identity_provider'

export interface AuditEntry {
  entryId: string
  time: string
  user: string
  tokenId: string | null
  /** E.g. `job.create`. */
  action: string
  /** Id of what it was done to; null where there is none. Never a file name. */
  subject: string | null
  /** HTTP status of the answer. */
  status: number
  /** Where the request came from. */
  address: string
}

export interface PeopleRepository {
  insertToken(record: TokenRecord): Promise<void>
  findTokenByHash(hash: string): Promise<TokenRecord | null>
  /** Oldest first. */
  listTokens(user: string | null): Promise<TokenRecord[]>
  /** False where there is no such token, or it was revoked before. */
  revokeToken(tokenId: string, time: string): Promise<boolean>
  tokenUsed(tokenId: string, time: string): Promise<void>
  groupsOf(user: string): Promise<string[]>
  /** Every membership, by group. */
  listGroups(): Promise<{ group: string; user: string; source: MembershipSource }[]>
  addMember(group: string, user: string): Promise<void>
  /** False where the user was no member. */
  removeMember(group: string, user: string): Promise<boolean>
  /** Puts these groups in place of those that the identity provider named before. */
  replaceProvidedGroups(user: string, groups: readonly string[]): Promise<void>
  /** Groups that may use a model; empty where everyone may. */
  groupsOfModel(model: string): Promise<string[]>
  replaceGroupsOfModel(model: string, groups: readonly string[]): Promise<void>
  addAudit(entry: AuditEntry): Promise<void>
  /** Newest first; `before` is the id of the last one seen. */
  listAudit(where: { user: string | null; limit: number; before: string | null }): Promise<AuditEntry[]>
  removeAuditBefore(time: string): Promise<number>
}
