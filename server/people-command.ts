import { mkdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { DomainError, envelopeOf } from '../shared/errors/domain-error.ts'
import { createPeopleRepository } from './adapters/kysely-people.ts'
import { migrate } from './adapters/migrations.ts'
import { openSqlite } from './adapters/open-sqlite.ts'
import { uuid7 } from './adapters/uuid7.ts'
import { readConfig } from './config.ts'
import { peopleActions } from './people/people-actions.ts'
import type { PeopleRepository } from './people/people-repository.ts'

/** `cryomamba token …`, `group …` and `audit …`, started by the command line, on the database of a data folder. */
async function main(argv: string[]): Promise<void> {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      data: text,
      user: text,
      scopes: text,
      days: text,
      label: text,
      limit: text,
      json: { type: 'boolean', default: false },
    },
  })
  const [topic, ...rest] = positionals
  const env = { ...process.env, ...(values.data === undefined ? {} : { CRYOMAMBA_DATA: values.data }) }
  await withPeople(env, async (people) => {
    const said = await peopleActions(people, uuid7).run(topic, rest, values)
    console.log(values.json ? JSON.stringify(said.json) : said.text)
  })
}

/** The server may run meanwhile: both only write small rows. */
async function withPeople(env: NodeJS.ProcessEnv, use: (people: PeopleRepository) => Promise<void>): Promise<void> {
  const config = readConfig(env, { dataFolder: path.join(os.homedir(), '.cryomamba', 'server'), modelFolders: [] })
  await mkdir(config.dataFolder, { recursive: true, mode: 0o700 })
  const db = openSqlite(path.join(config.dataFolder, 'cryomamba.sqlite'))
  try {
    await migrate(db)
    await use(createPeopleRepository(db))
  } finally {
    await db.destroy()
  }
}

main(process.argv.slice(2)).catch((error) => {
  const isArgument = String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')
  const known = isArgument ? new DomainError('usage', { reason: `${(error as Error).message}.` }) : error
  if (!(known instanceof DomainError)) console.error(known)
  const envelope = envelopeOf(known)
  const isJson = process.argv.includes('--json')
  console.error(isJson ? JSON.stringify(envelope) : `${envelope.message}\n${envelope.hint}`)
  process.exitCode = 2
})
