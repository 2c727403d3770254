import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createClient } from '../../../shared/client/client.ts'
import { BODIES } from './addresses.ts'
import { ask } from './ask.ts'
import { leaveHalf } from './crowd-stage.ts'
import { hostileLinks, hostileRanges, hostileTokens } from './hostile-access.ts'
import { hostileBodies } from './hostile-bodies.ts'
import { type HostileCase, hostile, JSON_TYPE, request, type Target } from './hostile-case.ts'
import { hostileFraming } from './hostile-framing.ts'
import { isRefusalOrEnd } from './hostile-judge.ts'
import { hostileNames } from './hostile-names.ts'
import { BAD_FRAMES, FLOODS, hostileUpgrades, sendFrames } from './hostile-sockets.ts'
import { knownVolume } from './known-volume.ts'
import { makePeople, type Person, revokedToken } from './people.ts'
import { sendRaw } from './raw-http.ts'
import type { Random } from './seeded-random.ts'
import { queueJob, sendVolume } from './user-work.ts'
import type { AcceptedJob, World } from './world.ts'

/** An id that nothing has. */
const NO_ID = '00000000-0000-7000-8000-000000000000'

/** Hostile requests in flight at once. */
const AT_ONCE = 12

/** Folders that a lab lets its server read, with everything in them that somebody could put there. */
export async function layTraps(root: string): Promise<string> {
  const allowed = path.join(root, 'allowed')
  await mkdir(path.join(root, 'outside'), { recursive: true })
  await mkdir(allowed, { recursive: true })
  await writeFile(path.join(root, 'outside', 'secret.mrc'), Buffer.alloc(2048))
  await writeFile(path.join(allowed, 'empty.mrc'), '')
  await writeFile(path.join(allowed, 'text.mrc'), 'not a volume')
  await symlink(path.join(root, 'outside', 'secret.mrc'), path.join(allowed, 'link.mrc'))
  await symlink(path.join(root, 'outside'), path.join(allowed, 'folder-link'))
  await symlink(path.join(allowed, 'loop.mrc'), path.join(allowed, 'loop.mrc'))
  execFileSync('mkfifo', [path.join(allowed, 'pipe.mrc')])
  return allowed
}

/** Every hostile request once, in an order that the seed gives, while an ordinary user's things lie on the server. */
export async function hostileStage(
  world: World,
  victim: Person,
  finished: AcceptedJob,
  allowed: string,
  random: Random,
): Promise<void> {
  const attacker = (await world.people(['mallory']))[0]
  await leaveHalf(world, attacker, random.fork('half'))
  const uploadId = world.parts[world.parts.length - 1].uploadId
  const target: Target = {
    token: attacker.token,
    ids: {
      uploadId,
      partIndex: '0',
      volumeId: world.volumes[0].volumeId,
      jobId: finished.jobId,
      name: 'mask.mrc',
      id: 'threshold',
      file: 'operator.js',
    },
  }
  const slow = runAll(world, slowCases(target, world))
  await runAll(world, shuffled(await allCases(world, target, finished, allowed), random))
  await floodSockets(world, attacker, random)
  await slow
  await isStillWell(world, victim)
}

async function allCases(world: World, target: Target, job: AcceptedJob, allowed: string): Promise<HostileCase[]> {
  const others = {
    expired: (await makePeople(world.data, ['expired'], 'write', -1))[0].token,
    revoked: await revokedToken(world.data),
  }
  const client = createClient({ url: world.server.url, token: job.person.token })
  const artifacts = await client.artifacts(job.jobId)
  const artifact = artifacts.find(({ name }) => name === 'provenance.json')
  if (!artifact) throw new Error('no provenance.json')
  const bytes = (await ask(world.server.url + artifact.url)).body
  return [
    ...hostileBodies(target),
    ...hostileFraming(target),
    ...hostileNames(target, { allowed }),
    ...hostileTokens(target, others),
    ...hostileLinks(target, artifact, world.jobs.findLast(({ jobId }) => jobId !== job.jobId)?.jobId ?? NO_ID),
    ...hostileRanges(target, artifact, bytes),
    ...hostileUpgrades(target),
  ]
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

async function runAll(world: World, cases: readonly HostileCase[]): Promise<void> {
  const { port } = world.server
  const waiting = [...cases]
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const answer = await sendRaw(port, next)
      world.tally.add('hostile_requests')
      const fault = next.verdict(answer)
      if (fault) world.tally.wrong(`hostile request "${next.name}": ${fault}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
}

/** Senders that are slow on purpose: heads and bodies that never end. The server must end them by itself. */
function slowCases(target: Target, world: World): HostileCase[] {
  const init = BODIES[0]
  const timeoutMs = 60_000
  const body = request(target, {
    method: 'POST',
    path: init.url,
    headers: [JSON_TYPE],
    body: '{"filename"',
    length: 500,
  })
  const part = request(target, {
    method: 'PUT',
    path: `/v1/uploads/${world.parts[world.parts.length - 1].uploadId}/part/1`,
    headers: ['Content-Type: application/octet-stream', `Content-Digest: sha-256=:${'A'.repeat(43)}=:`],
    length: 65_536,
    body: 'x',
  })
  const every = (piece: string) => ({ trickle: { piece, everyMs: 700 }, timeoutMs })
  const times = <T>(make: () => T) => Array.from({ length: 4 }, make)
  return [
    ...times(() => ({
      ...hostile('slow head', 'GET /v1/jobs HTTP/1.1\r\nHost: x\r\n', isRefusalOrEnd),
      ...every('X-A: b\r\n'),
    })),
    ...times(() => ({ ...hostile('silent connection', 'G', isRefusalOrEnd), timeoutMs })),
    ...times(() => ({ ...hostile('slow JSON', body), ...every(' ') })),
    ...times(() => ({ ...hostile('slow part', part, isRefusalOrEnd), ...every('y') })),
  ]
}

/** Bad frames on the live channel of a job that goes on; a healthy channel beside them still gets its end. */
async function floodSockets(world: World, attacker: Person, random: Random): Promise<void> {
  const client = () => createClient({ url: world.server.url, token: attacker.token })
  const volume = knownVolume(random, [96, 160, 160])
  const stored = await sendVolume(world, attacker, client, volume, random)
  const job = await queueJob(world, { person: attacker, patchZyx: [8, 8, 8] }, client, stored.volume_id, volume)
  const send = async (name: string, bytes: Uint8Array, mustEnd: boolean) => {
    const end = await sendFrames(world.server.port, job.jobId, attacker.token, bytes, mustEnd)
    world.tally.add('hostile_frames')
    if (!end.accepted) world.tally.wrong(`live channel for "${name}" was not opened`)
    if (mustEnd && !end.isEnded) world.tally.wrong(`live channel stayed open after "${name}"`)
  }
  await Promise.all([
    ...Object.entries(BAD_FRAMES).map(([name, bytes]) => send(name, bytes, true)),
    ...Object.entries(FLOODS).map(([name, bytes]) => send(name, bytes, false)),
  ])
  // Where it has ended meanwhile, its artifacts go.
  world.canceled.add(job.jobId)
  await client().cancelJob(job.jobId)
  await client().watchJob(job.jobId, {})
}

/** The server answers the one it should, and nothing that a body said has become true. */
async function isStillWell(world: World, victim: Person): Promise<void> {
  const client = createClient({ url: world.server.url, token: victim.token })
  await client.info()
  const { status } = await ask(`${world.server.url}/v1/healthz`)
  if (status !== 200) world.tally.wrong(`health says ${status} after hostile requests`)
}
