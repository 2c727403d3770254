import { existsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createClient } from '../../../shared/client/client.ts'
import { ask } from './ask.ts'
import type { Person } from './people.ts'
import { makePeople } from './people.ts'
import type { Random } from './seeded-random.ts'
import { checkState } from './state-check.ts'
import { pause, workOf } from './user-work.ts'
import type { World } from './world.ts'

/** Where Debian and Fedora put it; `apt-get install libfaketime`. */
const LIBRARIES = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib64/faketime/libfaketime.so.1',
]

/** Jumps in seconds against the true time. None goes further than an upload lives (72 h) except the last of a run. */
const JUMPS = [0, 2 * 86_400, -5 * 3600, 86_400, -3600, 30, -90, 0]

export const faketime = LIBRARIES.find((file) => existsSync(file)) ?? null

/** The wall clock of the server and its workers jumps by days and back by hours while users work; timers do not. */
export async function clockStage(world: World, people: readonly Person[], random: Random): Promise<void> {
  if (!faketime) return world.tally.skip('clock jumps: libfaketime is not installed (apt-get install libfaketime)')
  const clock = path.join(world.root, 'clock')
  const jump = async (seconds: number) => {
    await writeFile(`${clock}.new`, `${seconds < 0 ? '' : '+'}${seconds}`)
    await rename(`${clock}.new`, clock)
    world.tally.add('clock_jumps')
  }
  await world.stop()
  await writeFile(clock, '+0')
  await world.start({
    LD_PRELOAD: faketime,
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  })
  let isWorking = true
  const work = Promise.all(
    people.map((person) => {
      const own = random.fork(`clock ${person.user}`)
      const shapeZyx = [own.whole(20, 28), own.whole(60, 70), own.whole(60, 70)] as const
      return workOf(world, { person, url: () => world.server.url, shapeZyx, random: own, patchZyx: [8, 16, 16] })
    }),
  ).finally(() => {
    isWorking = false
  })
  for (let at = 1; isWorking && at < 40; at++) {
    await pause(random.whole(300, 1200))
    await jump(JUMPS[at % JUMPS.length])
  }
  await work
  await checkEndsOfTime(world, people[0], jump)
  await jump(0)
  await checkState(world, 'the clock stage, with its jumps')
  await world.stop()
  await world.start()
}

/** What has an end by the clock ends there, and lives again where the clock was only wrong. */
async function checkEndsOfTime(world: World, person: Person, jump: (seconds: number) => Promise<void>): Promise<void> {
  const { url } = world.server
  const expects = async (what: string, address: string, token: string | null, status: number) => {
    const found = await ask(url + address, token ? { token } : {})
    if (found.status !== status) world.tally.wrong(`${what}: ${found.status} instead of ${status}`)
  }
  await jump(0)
  const [guest] = await makePeople(world.data, ['guest'], 'read', 1)
  const job = world.jobs.findLast((one) => one.person.user === person.user)
  if (!job) throw new Error('no job of this user')
  const [artifact] = await createClient({ url, token: person.token }).artifacts(job.jobId)
  await expects('a fresh link', artifact.url, null, 200)
  await expects('a token of a day', '/v1/jobs', guest.token, 200)
  await jump(2 * 86_400)
  await expects('a link after its end', artifact.url, null, 403)
  await expects('a token after its end', '/v1/jobs', guest.token, 401)
  const [fresh] = await createClient({ url, token: person.token }).artifacts(job.jobId)
  await expects('a link made on that day', fresh.url, null, 200)
  await jump(-5 * 3600)
  await expects('a link after the clock went back', artifact.url, null, 200)
  await expects('a token after the clock went back', '/v1/jobs', guest.token, 200)
}
