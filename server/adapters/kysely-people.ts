import type { Kysely, Selectable } from 'kysely'
import type { Scope } from '../people/access.ts'
import type { AuditEntry, MembershipSource, PeopleRepository, TokenRecord } from '../people/people-repository.ts'
import type { Tables } from './database-tables.ts'
import { inTransaction } from './transaction.ts'

/** Tokens, groups, who may use which model, and the audit log in a database. */
export function createPeopleRepository(db: Kysely<Tables>): PeopleRepository {
  return { ...tokens(db), ...groups(db), ...audit(db) }
}

function tokens(db: Kysely<Tables>) {
  return {
    insertToken: async (record: TokenRecord) => void (await db.insertInto('tokens').values(tokenRow(record)).execute()),
    findTokenByHash: async (hash: string) => {
      const row = await db.selectFrom('tokens').selectAll().where('hash', '=', hash).executeTakeFirst()
      return row ? tokenRecord(row) : null
    },
    listTokens: async (user: string | null) => {
      let query = db.selectFrom('tokens').selectAll().orderBy('token_id')
      if (user !== null) query = query.where('user_name', '=', user)
      return (await query.execute()).map(tokenRecord)
    },
    revokeToken: async (tokenId: string, time: string) => {
      const query = db.updateTable('tokens').set({ revoked_at: time }).where('token_id', '=', tokenId)
      const done = await query.where('revoked_at', 'is', null).executeTakeFirst()
      return Number(done.numUpdatedRows) === 1
    },
    tokenUsed: async (tokenId: string, time: string) =>
      void (await db.updateTable('tokens').set({ last_used_at: time }).where('token_id', '=', tokenId).execute()),
  }
}

function groups(db: Kysely<Tables>) {
  return {
    groupsOf: async (user: string) => {
      const query = db.selectFrom('memberships').select('group_name').distinct().where('user_name', '=', user)
      return (await query.orderBy('group_name').execute()).map((row) => row.group_name)
    },
    listGroups: async () => {
      const rows = await db.selectFrom('memberships').selectAll().orderBy('group_name').orderBy('user_name').execute()
      return rows.map((row) => ({
        group: row.group_name,
        user: row.user_name,
        source: row.source as MembershipSource,
      }))
    },
    addMember: async (group: string, user: string) => {
      const row = { group_name: group, user_name: user, source: 'operator' }
      await db
        .insertInto('memberships')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    },
    removeMember: async (group: string, user: string) => {
      const query = db.deleteFrom('memberships').where('group_name', '=', group).where('user_name', '=', user)
      return Number((await query.executeTakeFirst()).numDeletedRows) > 0
    },
    replaceProvidedGroups: (user: string, provided: readonly string[]) => replaceProvided(db, user, provided),
    groupsOfModel: async (model: string) => {
      const query = db.selectFrom('model_groups').select('group_name').where('model', '=', model)
      return (await query.orderBy('group_name').execute()).map((row) => row.group_name)
    },
    replaceGroupsOfModel: (model: string, allowed: readonly string[]) =>
      inTransaction(db, async (tx) => {
        await tx.deleteFrom('model_groups').where('model', '=', model).execute()
        const rows = [...new Set(allowed)].map((group) => ({ model, group_name: group }))
        if (rows.length > 0) await tx.insertInto('model_groups').values(rows).execute()
      }),
  }
}

/** Signing in happens with every request: nothing is written where nothing has changed. */
async function replaceProvided(db: Kysely<Tables>, user: string, provided: readonly string[]): Promise<void> {
  const source = 'identity_provider'
  const wanted = [...new Set(provided)].sort()
  const query = db.selectFrom('memberships').select('group_name').where('user_name', '=', user)
  const known = (await query.where('source', '=', source).execute()).map((row) => row.group_name).sort()
  if (known.join('\n') === wanted.join('\n')) return
  await inTransaction(db, async (tx) => {
    await tx.deleteFrom('memberships').where('user_name', '=', user).where('source', '=', source).execute()
    const rows = wanted.map((group) => ({ group_name: group, user_name: user, source }))
    if (rows.length > 0)
      await tx
        .insertInto('memberships')
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
  })
}

function audit(db: Kysely<Tables>) {
  return {
    addAudit: async (entry: AuditEntry) => void (await db.insertInto('audit').values(auditRow(entry)).execute()),
    listAudit: async ({ user, limit, before }: { user: string | null; limit: number; before: string | null }) => {
      let query = db.selectFrom('audit').selectAll().orderBy('entry_id', 'desc').limit(limit)
      if (user !== null) query = query.where('user_name', '=', user)
      if (before !== null) query = query.where('entry_id', '<', before)
      return (await query.execute()).map(auditEntry)
    },
    removeAuditBefore: async (time: string) =>
      Number((await db.deleteFrom('audit').where('time', '<', time).executeTakeFirst()).numDeletedRows),
  }
}

function tokenRow(record: TokenRecord): Tables['tokens'] {
  return {
    token_id: record.tokenId,
    user_name: record.user,
    label: record.label,
    hash: record.hash,
    scopes: record.scopes.join(' '),
    created_at: record.createdAt,
    expires_at: record.expiresAt,
    revoked_at: record.revokedAt,
    last_used_at: record.lastUsedAt,
  }
}

function tokenRecord(row: Selectable<Tables['tokens']>): TokenRecord {
  return {
    tokenId: row.token_id,
    user: row.user_name,
    label: row.label,
    hash: row.hash,
    scopes: row.scopes.split(' ') as Scope[],
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  }
}

function auditRow(entry: AuditEntry): Tables['audit'] {
  return {
    entry_id: entry.entryId,
    time: entry.time,
    user_name: entry.user,
    token_id: entry.tokenId,
    action: entry.action,
    subject: entry.subject,
    status: entry.status,
    address: entry.address,
  }
}

function auditEntry(row: Selectable<Tables['audit']>): AuditEntry {
  return {
    entryId: row.entry_id,
    time: row.time,
    user: row.user_name,
    tokenId: row.token_id,
    action: row.action,
    subject: row.subject,
    status: row.status,
    address: row.address,
  }
}
