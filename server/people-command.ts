import { mkdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { createPeopleRepository } from './adapters/kysely-people.ts'
import { openTables } from './adapters/open-database.ts'
import { createUuid7 } from './adapters/uuid7.ts'
import { readConfig } from './config.ts'
import { peopleActions } from './people/people-actions.ts'
import type { PeopleRepository } from './people/people-repository.ts'
import { runCommand } from './run-command.ts'

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
    const said = await peopleActions(people, createUuid7()).run(topic, rest, values)
    console.log(values.json ? JSON.stringify(said.json) : said.text)
  })
}

/** The server may run meanwhile: both only write small rows. */
async function withPeople(env: NodeJS.ProcessEnv, use: (people: PeopleRepository) => Promise<void>): Promise<void> {
  const config = readConfig(env, { dataFolder: path.join(os.homedir(), '.cryomamba', 'server'), modelFolders: [] })
  await mkdir(config.dataFolder, { recursive: true, mode: 0o700 })
  const db = await openTables(config)
  try {
    await use(createPeopleRepository(db))
  } finally {
    await db.destroy()
  }
}

runCommand(main)
