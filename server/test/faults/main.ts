import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { startPostgres, type TestPostgres } from '../postgres.ts'
import { sharePostgres } from '../shared-postgres.ts'
import { clockStage } from './clock-stage.ts'
import { crowdStage } from './crowd-stage.ts'
import { diskStage } from './disk-stage.ts'
import { checkDisk, checkNothingLost } from './final-check.ts'
import { hostileStage, layTraps } from './hostile-stage.ts'
import { killStage } from './kill-stage.ts'
import type { Person } from './people.ts'
import { type Random, seededRandom } from './seeded-random.ts'
import { AFTER_FLOOD_BYTES, checkState } from './state-check.ts'
import { strangersStage } from './strangers-stage.ts'
import { checkAround, lookAround } from './surroundings.ts'
import { Tally } from './tally.ts'
import { workOf } from './user-work.ts'
import { watchStage } from './watch-stage.ts'
import { World } from './world.ts'

/** Names that the run itself makes in its folder. */
const OWN_NAMES = [
  'data',
  'models',
  'downloads',
  'server.log',
  'allowed',
  'outside',
  'tmp',
  'clock',
  'clock.new',
  'small-disk',
]

const STAGES = ['hostile', 'crowd', 'strangers', 'watch', 'kill', 'clock', 'disk'] as const
type Stage = (typeof STAGES)[number]

interface Size {
  users: number
  workers: number
  kills: number
  diskFull: number
}

const SHORT: Size = { users: 8, workers: 3, kills: 4, diskFull: 4 }
const LONG: Size = { users: 50, workers: 8, kills: 20, diskFull: 16 }

/**
 * `npm run test:faults [-- --minutes N] [--seed S] [--only STAGE,…] [--postgres]`: exit code 0 when nothing was lost and
 * nothing was wrong.
 */
async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values } = parseArgs({ options: { minutes: text, seed: text, only: text, keep: flag, postgres: flag } })
  const minutes = Number(values.minutes ?? 0)
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  const stages = (values.only?.split(',') ?? STAGES) as readonly Stage[]
  if (!(minutes >= 0) || !Number.isSafeInteger(seed) || !stages.every((stage) => STAGES.includes(stage))) {
    console.error(
      `usage: npm run test:faults -- [--minutes N] [--seed WHOLE] [--only ${STAGES.join(',')}] [--keep] [--postgres]`,
    )
    process.exit(2)
  }
  // Every request of a client on a connection of its own: more connections to harm, and none that stays.
  http.globalAgent = new http.Agent({ keepAlive: false })
  const startedMs = performance.now()
  const tally = new Tally()
  const root = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-faults-'))
  console.error(`seed ${seed}, in ${root}`)
  const postgres = values.postgres ? await startPostgres() : null
  if (postgres) await sharePostgres(postgres)
  await runAll(root, tally, seededRandom(seed), { minutes, stages, postgres }).catch((error) => {
    console.error(error)
    tally.wrong(`the run ended early: ${(error as Error).message}`)
  })
  await postgres?.remove()
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  if (!values.keep) await rm(root, { recursive: true, force: true })
  console.log(`${tally.table()}\nseconds  ${seconds}\nwrong  ${tally.wrongs.length}\nskipped  ${tally.skipped.length}`)
  const passed = tally.wrongs.length === 0 && tally.counts.lost === 0
  console.log(JSON.stringify({ seed, seconds, passed, ...tally.counts, wrongs: tally.wrongs, skipped: tally.skipped }))
  process.exit(passed ? 0 : 1)
}

interface RunPlan {
  minutes: number
  stages: readonly Stage[]
  postgres: TestPostgres | null
}

async function runAll(
  root: string,
  tally: Tally,
  random: Random,
  { minutes, stages, postgres }: RunPlan,
): Promise<void> {
  const size = minutes >= 5 ? LONG : SHORT
  await mkdir(path.join(root, 'tmp'))
  const allowed = await layTraps(root)
  const world = new World(root, tally, random, { CRYOMAMBA_PATH_ROOTS: allowed, TMPDIR: path.join(root, 'tmp') })
  const before = await lookAround(root)
  await world.start()
  try {
    const people = await world.people(Array.from({ length: size.users }, (_, index) => `user${index}`))
    const endMs = performance.now() + minutes * 60_000
    let round = 0
    do {
      await runRound(world, people, { size, stages, allowed, postgres, round: round++ })
    } while (performance.now() < endMs)
    await checkNothingLost(world)
  } finally {
    await world.close()
  }
  await checkDisk(world)
  await checkAround(before, OWN_NAMES, tally)
  for (const folder of [path.join(root, 'tmp'), path.join(world.data, 'tmp')])
    for (const name of await readdir(folder)) tally.wrong(`left in a temporary folder: ${name}`)
  await checkLog(world, tally)
}

interface RoundPlan {
  size: Size
  stages: readonly Stage[]
  allowed: string
  postgres: TestPostgres | null
  round: number
}

/** Every kind of fault once, each followed by a look at what the server still holds. */
async function runRound(world: World, people: Person[], plan: RoundPlan): Promise<void> {
  const { size, stages, allowed, postgres, round } = plan
  const random = world.random.fork(`round ${round}`)
  const run = async (stage: Stage, work: (random: Random) => Promise<void>, slackBytes?: number) => {
    if (!stages.includes(stage)) return
    console.error(`${Math.round(performance.now() / 1000)} s, round ${round}: ${stage}`)
    await work(random.fork(stage))
    await checkState(world, stage, slackBytes)
  }
  const own = random.fork('warm-up')
  await workOf(world, { person: people[0], url: () => world.server.url, shapeZyx: [12, 40, 50], random: own })
  const [finished] = world.jobs.slice(-1)
  const workers = people.slice(0, size.workers)
  await run('watch', (own) => watchStage(world, people[0], own))
  await run('crowd', (own) => crowdStage(world, people, own), AFTER_FLOOD_BYTES)
  await run('hostile', (own) => hostileStage(world, people[0], finished, allowed, own), AFTER_FLOOD_BYTES)
  if (stages.includes('crowd')) await run('strangers', (own) => strangersStage(world, people, own), AFTER_FLOOD_BYTES)
  await run('kill', (own) => killStage(world, workers, { numKills: size.kills, postgres }, own))
  await run('clock', (own) => clockStage(world, workers, own))
  await run('disk', (own) => diskStage(world, size.diskFull, own))
}

/** Logs never hold a token. */
async function checkLog(world: World, tally: Tally): Promise<void> {
  const log = await readFile(world.logFile, 'utf8')
  if (/cm_[A-Za-z0-9_-]{43}/.test(log)) tally.wrong('a token is in the log')
  const people = new Set(world.jobs.map(({ person }) => person.token))
  for (const token of people) if (log.includes(token)) tally.wrong('a token of a user is in the log')
}

await main()
