import { createHash } from 'node:crypto'
import { ask } from './ask.ts'
import { startFaultProxy } from './fault-proxy.ts'
import type { Person } from './people.ts'
import type { Random } from './seeded-random.ts'
import { patiently, workOf } from './user-work.ts'
import type { World } from './world.ts'

const PART_BYTES = 65_536

/** Many users at once behind a network that cuts, stalls, delays, limits and truncates: uploads, jobs, live, downloads. */
export async function crowdStage(world: World, people: readonly Person[], random: Random): Promise<void> {
  const proxy = await startFaultProxy(world.server.port, random.fork('proxy'), world.tally)
  world.tally.counts.users = people.length
  try {
    await Promise.all(
      people.map(async (person) => {
        const own = random.fork(person.user)
        const shapeZyx = [own.whole(9, 20), own.whole(40, 75), own.whole(41, 90)] as const
        await Promise.all([
          workOf(world, { person, url: () => proxy.url, shapeZyx, random: own }),
          leaveHalf(world, person, own.fork('half')),
        ])
      }),
    )
  } finally {
    await proxy.close()
  }
}

/** Begins an upload, sends some parts, and goes away: what was accepted has to stay until the upload expires. */
export async function leaveHalf(world: World, person: Person, random: Random): Promise<void> {
  const numParts = random.whole(2, 5)
  const bytes = random.bytes(numParts * PART_BYTES)
  await patiently(world, 'half an upload', async () => {
    const { url } = world.server
    const { token } = person
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ filename: 'half.mrc', total_size: bytes.length, chunk_size: PART_BYTES })
    const begun = await ask(`${url}/v1/uploads/init`, { method: 'POST', token, headers, body })
    if (begun.status !== 201) throw new Error(`init answered ${begun.status}: ${begun.body}`)
    const uploadId: string = JSON.parse(String(begun.body)).upload_id
    for (let partIndex = 0; partIndex < numParts - 1; partIndex++) {
      const part = bytes.subarray(partIndex * PART_BYTES, (partIndex + 1) * PART_BYTES)
      const hash = createHash('sha256').update(part)
      const digest = `sha-256=:${hash.copy().digest('base64')}:`
      const sent = await ask(`${url}/v1/uploads/${uploadId}/part/${partIndex}`, {
        method: 'PUT',
        token,
        headers: { 'content-type': 'application/octet-stream', 'content-digest': digest },
        body: part,
      })
      if (sent.status !== 200) throw new Error(`part answered ${sent.status}: ${sent.body}`)
      world.parts.push({ uploadId, user: person.user, partIndex, chunkBytes: PART_BYTES, sha256: hash.digest('hex') })
      world.tally.add('parts_accepted')
    }
  })
}
