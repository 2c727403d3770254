import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { clockStage } from './clock-stage.ts'
import { crowdStage } from './crowd-stage.ts'
import { diskStage } from './disk-stage.ts'
import { checkDisk, checkNothingLost } from './final-check.ts'
import { hostileStage, layTraps } from './hostile-stage.ts'
import { killStage } from './kill-stage.ts'
import type { Person } from './people.ts'
import { type Random, seededRandom } from './seeded-random.ts'
import { type ServerState, stateOf } from './server-state.ts'
import { strangersStage } from './strangers-stage.ts'
import { checkAround, lookAround } from './surroundings.ts'
import { Tally } from './tally.ts'
import { pause, workOf } from './user-work.ts'
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

/** Growth of a server's memory that is no leak: buffers of uploads, compiled code, the heap's slack. */
const MEMORY_SLACK_BYTES = 200 * 1024 * 1024

/** Open files that may stay for a moment after the last request. */
const FILE_SLACK = 12

const STAGES = ['hostile', 'crowd', 'strangers', 'kill', 'clock', 'disk'] as const
type Stage = (typeof STAGES)[number]

interface Size {
  users: number
  workers: number
  kills: number
  diskFull: number
}

const SHORT: Size = { users: 8, workers: 3, kills: 4, diskFull: 4 }
const LONG: Size = { users: 50, workers: 8, kills: 20, diskFull: 16 }

/** `npm run test:faults [-- --minutes N] [--seed S] [--only STAGE,…]`: exit code 0 when nothing was lost and nothing was wrong. */
async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { minutes: text, seed: text, only: text, keep: { type: 'boolean' } } })
  const minutes = Number(values.minutes ?? 0)
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  const stages = (values.only?.split(',') ?? STAGES) as readonly Stage[]
  if (!(minutes >= 0) || !Number.isSafeInteger(seed) || !stages.every((stage) => STAGES.includes(stage))) {
    console.error(`usage: npm run test:faults -- [--minutes N] [--seed WHOLE] [--only ${STAGES.join(',')}] [--keep]`)
    process.exit(2)
  }
  // Every request of a client on a connection of its own: more connections to harm, and none that stays.
  http.globalAgent = new http.Agent({ keepAlive: false })
  const startedMs = performance.now()
  const tally = new Tally()
  const root = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-faults-'))
  console.error(`seed ${seed}, in ${root}`)
  await runAll(root, tally, seededRandom(seed), { minutes, stages }).catch((error) => {
    console.error(error)
    tally.wrong(`the run ended early: ${(error as Error).message}`)
  })
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
}

async function runAll(root: string, tally: Tally, random: Random, { minutes, stages }: RunPlan): Promise<void> {
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
      await runRound(world, people, { size, stages, allowed, round: round++ })
    } while (performance.now() < endMs)
    await checkNothingLost(world)
  } finally {
    await world.close()
  }
  await checkDisk(world)
  await checkAround(before, OWN_NAMES, tally)
  for (const name of await readdir(path.join(root, 'tmp'))) tally.wrong(`left in the temporary folder: ${name}`)
  await checkLog(world, tally)
}

interface RoundPlan {
  size: Size
  stages: readonly Stage[]
  allowed: string
  round: number
}

/** Every kind of fault once. The server is the same process from the first stage to the look at its memory. */
async function runRound(world: World, people: Person[], { size, stages, allowed, round }: RoundPlan): Promise<void> {
  const random = world.random.fork(`round ${round}`)
  const has = (stage: Stage) => {
    const seconds = Math.round(performance.now() / 1000)
    if (stages.includes(stage)) console.error(`${seconds} s, round ${round}: ${stage}`)
    return stages.includes(stage)
  }
  const own = random.fork('warm-up')
  await workOf(world, { person: people[0], url: () => world.server.url, shapeZyx: [12, 40, 50], random: own })
  const [finished] = world.jobs.slice(-1)
  const base = await stateOf(world.server.child.pid ?? 0)
  if (has('crowd')) await crowdStage(world, people, random.fork('crowd'))
  if (has('hostile')) await hostileStage(world, people[0], finished, allowed, random.fork('hostile'))
  if (stages.includes('crowd') && has('strangers')) await strangersStage(world, people, random.fork('strangers'))
  await checkState(world, base)
  if (has('kill')) await killStage(world, people.slice(0, size.workers), size.kills, random.fork('kill'))
  if (has('clock')) await clockStage(world, people.slice(0, size.workers), random.fork('clock'))
  if (has('disk')) await diskStage(world, size.diskFull, random.fork('disk'))
}

/** After everyone has gone, the server holds about what it held before. */
async function checkState(world: World, base: ServerState | null): Promise<void> {
  if (!base) return
  for (let waitedMs = 0; ; waitedMs += 1000) {
    const now = await stateOf(world.server.child.pid ?? 0)
    if (!now) return world.tally.wrong('the server is gone')
    const isBack =
      now.openFiles <= base.openFiles + FILE_SLACK && now.memoryBytes <= base.memoryBytes + MEMORY_SLACK_BYTES
    console.error(`open files ${base.openFiles} → ${now.openFiles}, MiB ${mib(base)} → ${mib(now)}`)
    if (isBack) return
    if (waitedMs >= 20_000)
      return world.tally.wrong(`the server still holds ${JSON.stringify(now)}, before ${JSON.stringify(base)}`)
    await pause(1000)
  }
}

function mib({ memoryBytes }: ServerState): number {
  return Math.round(memoryBytes / 2 ** 20)
}

/** Logs never hold a token. */
async function checkLog(world: World, tally: Tally): Promise<void> {
  const log = await readFile(world.logFile, 'utf8')
  if (/cm_[A-Za-z0-9_-]{43}/.test(log)) tally.wrong('a token is in the log')
  const people = new Set(world.jobs.map(({ person }) => person.token))
  for (const token of people) if (log.includes(token)) tally.wrong('a token of a user is in the log')
}

await main()
