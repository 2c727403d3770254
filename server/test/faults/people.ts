import { createPeopleRepository } from '../../adapters/kysely-people.ts'

import { openTables } from '../../adapters/open-database.ts'
import { createUuid7 } from '../../adapters/uuid7.ts'
import type { Scope } from '../../people/access.ts'
import { TokenService } from '../../people/token-service.ts'
import { databaseOfFolder } from '../shared-postgres.ts'

export interface Person {
  user: string
  token: string
}

/** Makes a token for each user, as `cryomamba token create` does, in the database of a data folder. */
export function makePeople(
  dataFolder: string,
  users: readonly string[],
  scope: Scope = 'write',
  lifetimeDays: number | null = null,
): Promise<Person[]> {
  return withTokens(dataFolder, async (tokens) => {
    const made: Person[] = []
    for (const user of users) {
      const { token } = await tokens.create({ user, scopes: [scope], lifetimeDays })
      made.push({ user, token })
    }
    return made
  })
}

/** A token that was right until now. */
export function revokedToken(dataFolder: string): Promise<string> {
  return withTokens(dataFolder, async (tokens) => {
    const { token, record } = await tokens.create({ user: 'revoked', scopes: ['write'], lifetimeDays: null })
    await tokens.revoke(record.tokenId)
    return token
  })
}

async function withTokens<T>(dataFolder: string, use: (tokens: TokenService) => Promise<T>): Promise<T> {
  const db = await openTables({ dataFolder, databaseUrl: await databaseOfFolder(dataFolder) })
  try {
    return await use(new TokenService({ people: createPeopleRepository(db), newId: createUuid7(), serverToken: null }))
  } finally {
    await db.destroy()
  }
}
