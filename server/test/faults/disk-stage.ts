import { execFileSync } from 'node:child_process'
import { mkdir, open, rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import { dropDatabaseOfFolder } from '../shared-postgres.ts'
import { checkDisk, checkNothingLost } from './final-check.ts'
import type { Random } from './seeded-random.ts'
import { checkState } from './state-check.ts'
import { pause, workOf } from './user-work.ts'
import { World } from './world.ts'

/** Above the 32 MiB that the servers of a run keep free when they take an upload. */
const DISK_BYTES = 96 * 1024 * 1024

/** Users work on a small disk that is filled to the last byte and freed again, until all of them are done. */
export async function diskStage({ root, tally }: World, numTimes: number, random: Random): Promise<void> {
  const mount = path.join(root, 'small-disk')
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return tally.skip('full disk: needs Linux and root, to mount a small tmpfs')
  await mkdir(mount, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', mount], { stdio: 'pipe' })
  } catch (error) {
    return tally.skip(`full disk: tmpfs cannot be mounted (${(error as Error).message.trim()})`)
  }
  try {
    await onSmallDisk(mount, new World(root, tally, random, {}, path.join(mount, 'data')), numTimes)
  } finally {
    execFileSync('umount', ['-l', mount])
    // The next small disk is a new one.
    await dropDatabaseOfFolder(path.join(mount, 'data'))
  }
}

async function onSmallDisk(mount: string, world: World, numTimes: number): Promise<void> {
  const { random, tally } = world
  await world.start()
  try {
    const people = await world.people(['dora', 'emil', 'fritz'])
    let isWorking = true
    const work = Promise.all(
      people.map(async (person) => {
        const own = random.fork(person.user)
        for (let round = 0; round < Math.ceil(numTimes / 4); round++) {
          const shapeZyx = [own.whole(20, 28), own.whole(60, 70), own.whole(60, 70)] as const
          await workOf(world, { person, url: () => world.server.url, shapeZyx, random: own, patchZyx: [8, 16, 16] })
        }
      }),
    ).finally(() => {
      isWorking = false
    })
    for (let time = 0; time < numTimes && isWorking; time++) {
      await pause(random.whole(50, 1200))
      await fill(mount)
      tally.add('disk_full_events')
      await pause(random.whole(200, 2500))
      await rm(path.join(mount, 'filler'))
    }
    await work
    await checkNothingLost(world)
    await checkState(world, 'disk, on the small one')
  } finally {
    await world.close()
  }
  await checkDisk(world)
}

/** Takes every free byte. */
async function fill(mount: string): Promise<void> {
  const file = await open(path.join(mount, 'filler'), 'w')
  try {
    for (let block = 1024 * 1024; block >= 512; block >>= 1) {
      const bytes = Buffer.alloc(block, 1)
      const { bavail, bsize } = await statfs(mount)
      for (let left = bavail * bsize; left >= 0; left -= block) if (!(await wrote(file, bytes))) break
    }
  } finally {
    await file.close()
  }
}

async function wrote(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<boolean> {
  try {
    return (await file.write(bytes)).bytesWritten === bytes.length
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}
