import type { TestPostgres } from '../postgres.ts'
import { startFaultProxy } from './fault-proxy.ts'
import type { Person } from './people.ts'
import type { Random } from './seeded-random.ts'
import { pause, workOf } from './user-work.ts'
import type { World } from './world.ts'

export interface KillPlan {
  numKills: number
  /** Ended now and then, too, where the server keeps its records there. */
  postgres: TestPostgres | null
}

/**
 * Users work, and half of them pause their jobs, while the server, its worker, both or its database are ended at random moments,
 * until all of them are done.
 */
export async function killStage(
  world: World,
  people: readonly Person[],
  { numKills, postgres }: KillPlan,
  random: Random,
): Promise<void> {
  let isWorking = true
  const proxy = await startFaultProxy(world.server.port, random.fork('proxy'), world.tally)
  const work = Promise.all(
    people.map((person) => {
      const own = random.fork(`kill ${person.user}`)
      const shapeZyx = [own.whole(24, 32), own.whole(60, 80), own.whole(60, 80)] as const
      const url = () => (own.next() < 0.5 ? proxy.url : `http://127.0.0.1:${proxy.serverPort}`)
      return workOf(world, { person, url, shapeZyx, random: own, patchZyx: [8, 16, 16], pauses: own.next() < 0.5 })
    }),
  ).finally(() => {
    isWorking = false
  })
  try {
    for (let kill = 0; kill < numKills && isWorking; kill++) await killOnce(world, random, postgres)
    await work
  } finally {
    await proxy.close()
  }
}

/** Lets some time pass, then ends something without a warning. */
async function killOnce(world: World, random: Random, postgres: TestPostgres | null): Promise<void> {
  await pause(random.whole(100, 2500))
  if (postgres && random.next() < 0.25) return endDatabase(world, random, postgres)
  const what = random.pick(['server', 'worker', 'both', 'server'] as const)
  const workers = what === 'server' ? [] : await world.workers()
  for (const pid of workers) if (end(pid)) world.tally.add('worker_kills')
  if (what === 'worker') return
  await world.kill()
  world.tally.add('server_kills')
  await pause(random.whole(0, 600))
  await world.start()
}

/** The database is gone for a while, without a word to those who use it. */
async function endDatabase(world: World, random: Random, postgres: TestPostgres): Promise<void> {
  await postgres.stop()
  world.tally.add('database_kills')
  await pause(random.whole(0, 3000))
  await postgres.start()
}

/** False when it was gone already. */
function end(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL')
    return true
  } catch {
    return false
  }
}
