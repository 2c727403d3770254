import { DomainError } from '../../shared/errors/domain-error.ts'
import { SCOPES, type Scope, SERVER_USER } from './access.ts'
import type { AuditEntry, PeopleRepository, TokenRecord } from './people-repository.ts'
import { checkedName, TokenService } from './token-service.ts'

/** What a command says: to a person, and to a program. */
export interface Said {
  text: string
  json: unknown
}

export interface PeopleOptions {
  user?: string
  scopes?: string
  days?: string
  label?: string
  limit?: string
}

/** A token that nobody renews ends by itself. */
const DEFAULT_DAYS = 365

const DEFAULT_AUDIT_LINES = 50

/** What an operator does with people from the command line. */
export function peopleActions(people: PeopleRepository, newId: () => string) {
  const tokens = new TokenService({ people, newId, serverToken: null })
  const note = async (action: string, subject: string) => {
    const entry = { entryId: newId(), time: new Date().toISOString(), user: SERVER_USER, tokenId: null }
    await people.addAudit({ ...entry, action, subject, status: 200, address: 'command line' })
  }
  const actions: Record<string, (rest: string[], options: PeopleOptions) => Promise<Said>> = {
    'token create': async (_, { user, scopes, days, label }) => {
      const wanted = { user: needed(user, '--user'), scopes: scopesOf(scopes), lifetimeDays: daysOf(days) }
      const { token, record } = await tokens.create({ ...wanted, ...(label === undefined ? {} : { label }) })
      await note('token.create', record.tokenId)
      const end = record.expiresAt ? `until ${record.expiresAt}` : 'without an end'
      const told = `${token}\nFor ${record.user}: ${record.scopes.join(', ')}, ${end}. It is shown only now.`
      return { text: told, json: { token, ...tokenOnWire(record) } }
    },
    'token list': async (_, { user }) => {
      const found = await people.listTokens(user === undefined ? null : checkedName(user, 'user'))
      return { text: found.map(tokenLine).join('\n') || 'No tokens.', json: { tokens: found.map(tokenOnWire) } }
    },
    'token revoke': async ([tokenId]) => {
      await tokens.revoke(needed(tokenId, 'the id of a token'))
      await note('token.revoke', tokenId)
      return { text: `${tokenId} does not work any more.`, json: { revoked: tokenId } }
    },
    'group add': async ([group, user]) => {
      const pair = memberOf(group, user)
      await people.addMember(pair.group, pair.user)
      await note('group.add', `${pair.group} ${pair.user}`)
      return { text: `${pair.user} is a member of ${pair.group}.`, json: pair }
    },
    'group remove': async ([group, user]) => {
      const pair = memberOf(group, user)
      if (!(await people.removeMember(pair.group, pair.user)))
        throw new DomainError('usage', { reason: `${pair.user} is no member of ${pair.group}.` })
      await note('group.remove', `${pair.group} ${pair.user}`)
      return { text: `${pair.user} is no longer a member of ${pair.group}.`, json: pair }
    },
    'group list': async () => {
      const found = await people.listGroups()
      const text = found.map(({ group, user, source }) => `${group}  ${user}  (${source.replace('_', ' ')})`)
      return { text: text.join('\n') || 'No groups.', json: { members: found } }
    },
    audit: async (_, { user, limit }) => {
      const lines = limit === undefined ? DEFAULT_AUDIT_LINES : wholeNumber(limit, '--limit')
      const where = { user: user === undefined ? null : checkedName(user, 'user'), limit: lines, before: null }
      const found = await people.listAudit(where)
      return { text: found.map(auditLine).join('\n') || 'Nothing.', json: { entries: found.map(auditOnWire) } }
    },
  }
  return {
    run: async (topic: string | undefined, rest: string[], options: PeopleOptions): Promise<Said> => {
      const name = topic === 'audit' ? topic : `${topic} ${rest[0]}`
      const action = actions[name]
      if (!action) throw new DomainError('usage', { reason: `There is ${Object.keys(actions).join(', ')}.` })
      return action(topic === 'audit' ? rest : rest.slice(1), options)
    },
  }
}

function needed(text: string | undefined, what: string): string {
  if (text) return text
  throw new DomainError('usage', { reason: `It needs ${what}.` })
}

function memberOf(group: string | undefined, user: string | undefined): { group: string; user: string } {
  return { group: checkedName(needed(group, 'a group'), 'group'), user: checkedName(needed(user, 'a user'), 'user') }
}

function scopesOf(text = 'write'): Scope[] {
  const named = text.split(',').map((one) => one.trim())
  const unknown = named.find((one) => !SCOPES.some((scope) => scope === one))
  if (unknown !== undefined)
    throw new DomainError('usage', { reason: `"${unknown}" is none of the scopes ${SCOPES.join(', ')}.` })
  return named as Scope[]
}

function daysOf(text: string | undefined): number | null {
  if (text === 'never') return null
  return text === undefined ? DEFAULT_DAYS : wholeNumber(text, '--days (or "never")')
}

function wholeNumber(text: string, name: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1 && value <= 36500) return value
  throw new DomainError('usage', { reason: `${name} takes a whole number from 1 to 36500, not "${text}".` })
}

function tokenOnWire(record: TokenRecord): object {
  return {
    token_id: record.tokenId,
    user: record.user,
    label: record.label,
    scopes: record.scopes,
    created_at: record.createdAt,
    expires_at: record.expiresAt,
    revoked_at: record.revokedAt,
    last_used_at: record.lastUsedAt,
  }
}

function tokenLine(record: TokenRecord): string {
  const { tokenId, user, label, scopes, expiresAt, revokedAt, lastUsedAt } = record
  const end = revokedAt ? `revoked ${revokedAt}` : expiresAt ? `until ${expiresAt}` : 'without an end'
  const used = lastUsedAt ? `last used ${lastUsedAt}` : 'never used'
  return [tokenId, user, scopes.join(','), end, used, label].filter(Boolean).join('  ')
}

function auditOnWire({ entryId, tokenId, ...entry }: AuditEntry): object {
  return { entry_id: entryId, token_id: tokenId, ...entry }
}

function auditLine({ time, user, action, subject, status, address }: AuditEntry): string {
  return [time, user, action, subject ?? '-', status, address].join('  ')
}
