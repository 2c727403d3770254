import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { createPeopleRepository } from '../adapters/kysely-people.ts'
import { migrate } from '../adapters/migrations.ts'
import { openSqlite } from '../adapters/open-sqlite.ts'
import { createUuid7 } from '../adapters/uuid7.ts'
import { peopleActions } from './people-actions.ts'
import type { PeopleRepository } from './people-repository.ts'
import { Projects } from './projects.ts'
import { TokenService } from './token-service.ts'

const newId = createUuid7()
const NOW = Date.UTC(2026, 0, 1)
const SERVER_TOKEN = 'the-servers-own-token'

let folder: string
let db: ReturnType<typeof openSqlite>
let people: PeopleRepository
let nowMs = NOW

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-people-'))
  db = openSqlite(path.join(folder, 'people.sqlite'))
  await migrate(db)
  people = createPeopleRepository(db)
  nowMs = NOW
})

afterEach(async () => {
  await db.destroy()
  await rm(folder, { recursive: true })
})

function makeTokens(serverToken: string | null = SERVER_TOKEN): TokenService {
  return new TokenService({ people, newId, serverToken, now: () => nowMs })
}

describe('a token', () => {
  it('gives its user the scopes that it contains, and is stored only as its hash', async () => {
    const tokens = makeTokens()
    const { token, record } = await tokens.create({ user: 'Anna', scopes: ['write'], lifetimeDays: 2 })
    expect(token).toMatch(/^cm_[A-Za-z0-9_-]{43}$/)
    expect(await tokens.accessOf(token)).toEqual({
      user: 'anna',
      scopes: ['read', 'write'],
      tokenId: record.tokenId,
      expiresAt: '2026-01-03T00:00:00.000Z',
    })
    const stored = await db.selectFrom('tokens').selectAll().execute()
    expect(JSON.stringify(stored)).not.toContain(token.slice(3))
  })

  it('works where the disk is too full to record its use, which is tried again a minute later', async () => {
    const tokens = makeTokens()
    const { token } = await tokens.create({ user: 'anna', scopes: ['read'], lifetimeDays: 1 })
    const { tokenUsed } = people
    let numTried = 0
    people.tokenUsed = async () => {
      numTried++
      throw new DomainError('disk_full', { neededBytes: 1, freeBytes: 0 })
    }
    for (let i = 0; i < 3; i++) expect(await tokens.accessOf(token)).toMatchObject({ user: 'anna' })
    expect(numTried).toBe(1)
    people.tokenUsed = tokenUsed
    nowMs += 61_000
    await tokens.accessOf(token)
    expect((await people.listTokens('anna'))[0].lastUsedAt).toBe(new Date(nowMs).toISOString())
  })

  it('ends by itself, and at once when it is revoked', async () => {
    const tokens = makeTokens()
    const short = await tokens.create({ user: 'anna', scopes: ['read'], lifetimeDays: 1 })
    const other = await tokens.create({ user: 'anna', scopes: ['read'], lifetimeDays: null })
    nowMs = NOW + 86_400_000
    await expect(tokens.accessOf(short.token)).rejects.toMatchObject({ code: 'token_expired' })
    await tokens.accessOf(other.token)
    await tokens.revoke(other.record.tokenId)
    await expect(tokens.accessOf(other.token)).rejects.toMatchObject({ code: 'unauthorized' })
    await expect(tokens.revoke(other.record.tokenId)).rejects.toMatchObject({ code: 'token_not_found' })
  })

  it('is refused when a single character differs', async () => {
    const tokens = makeTokens()
    const { token } = await tokens.create({ user: 'anna', scopes: ['read'], lifetimeDays: null })
    for (const wrong of [`${token}A`, token.slice(0, -1), token.toUpperCase(), 'cm_', ''])
      await expect(tokens.accessOf(wrong)).rejects.toMatchObject({ code: 'unauthorized' })
  })

  it("of the server gives everything, unless only users' tokens are accepted", async () => {
    expect(await makeTokens().accessOf(SERVER_TOKEN)).toMatchObject({
      user: 'owner',
      scopes: ['read', 'write', 'admin'],
    })
    await expect(makeTokens(null).accessOf(SERVER_TOKEN)).rejects.toMatchObject({ code: 'unauthorized' })
  })

  it.each(['', 'owner', 'a b', '../x', 'x'.repeat(101), 'ann\u0000'])('is not made for the name "%s"', async (user) => {
    const wanted = { user, scopes: ['read'] as const, lifetimeDays: null }
    await expect(makeTokens().create(wanted)).rejects.toMatchObject({ code: 'usage' })
  })

  it('is marked as used at most once a minute', async () => {
    const tokens = makeTokens()
    const { token } = await tokens.create({ user: 'anna', scopes: ['read'], lifetimeDays: null })
    await tokens.accessOf(token)
    nowMs = NOW + 30_000
    await tokens.accessOf(token)
    expect((await people.listTokens('anna'))[0].lastUsedAt).toBe('2026-01-01T00:00:00.000Z')
    nowMs = NOW + 61_000
    await tokens.accessOf(token)
    expect((await people.listTokens('anna'))[0].lastUsedAt).toBe('2026-01-01T00:01:01.000Z')
  })
})

describe('groups', () => {
  it('from the identity provider are replaced at each sign-in, those of an operator stay', async () => {
    const access = { user: 'anna', scopes: ['read'] as const, expiresAt: null }
    let groups = ['lab', 'em']
    let nowMs = 0
    const tokens = new TokenService({
      people,
      newId,
      serverToken: null,
      checkSignIn: async () => ({ ...access, groups }),
      now: () => nowMs,
    })
    await people.addMember('core', 'anna')
    const groupsAfterSignIn = async () => {
      expect(await tokens.accessOf('a.b.c')).toEqual({ ...access, tokenId: null })
      return people.groupsOf('anna')
    }
    expect(await groupsAfterSignIn()).toEqual(['core', 'em', 'lab'])
    groups = ['em', 'em']
    expect(await groupsAfterSignIn()).toEqual(['core', 'em'])
    await people.removeMember('em', 'anna')
    nowMs += 61_000
    expect(await groupsAfterSignIn()).toEqual(['core', 'em'])
    expect(await people.groupsOf('ben')).toEqual([])
  })

  it('decide who sees what is shared, and who may run a model', async () => {
    const projects = new Projects(people)
    await people.addMember('lab', 'anna')
    const shared = { owner: 'ben', project: 'lab' }
    expect(await projects.maySee('anna', shared)).toBe(true)
    expect(await projects.maySee('cleo', shared)).toBe(false)
    expect(await projects.maySee('anna', { owner: 'ben', project: null })).toBe(false)
    expect(await projects.mayUseModel('cleo', 'unet')).toBe(true)
    await people.replaceGroupsOfModel('unet', ['lab'])
    expect(await projects.mayUseModel('cleo', 'unet')).toBe(false)
    expect(await projects.mayUseModel('anna', 'unet')).toBe(true)
  })
})

describe('the command line', () => {
  const run = (words: string[], options = {}) => peopleActions(people, newId).run(words[0], words.slice(1), options)

  it('makes, lists and revokes tokens, and writes that down', async () => {
    const made = (await run(['token', 'create'], { user: 'anna', days: '30', label: 'laptop' })).json as {
      token: string
      token_id: string
    }
    expect((await makeTokens().accessOf(made.token)).scopes).toEqual(['read', 'write'])
    const listed = await run(['token', 'list'])
    expect(listed.text).toContain('laptop')
    expect(JSON.stringify(listed)).not.toContain(made.token)
    await run(['token', 'revoke', made.token_id])
    const audited = (await run(['audit'])).json as { entries: { action: string; subject: string }[] }
    expect(audited.entries.map(({ action }) => action)).toEqual(['token.revoke', 'token.create'])
    expect(audited.entries[0].subject).toBe(made.token_id)
  })

  it('keeps groups', async () => {
    await run(['group', 'add', 'Lab', 'Anna'])
    expect((await run(['group', 'list'])).text).toBe('lab  anna  (operator)')
    await run(['group', 'remove', 'lab', 'anna'])
    await expect(run(['group', 'remove', 'lab', 'anna'])).rejects.toMatchObject({ code: 'usage' })
  })

  it.each([
    [['token', 'make'], {}],
    [['token', 'create'], {}],
    [['token', 'create'], { user: 'anna', scopes: 'root' }],
    [['token', 'create'], { user: 'anna', days: '-1' }],
    [['token', 'revoke'], {}],
    [['group', 'add', 'lab'], {}],
  ])('says what is wrong with %s %o', async (words, options) => {
    await expect(run(words, options)).rejects.toMatchObject({ code: 'usage' })
  })
})
