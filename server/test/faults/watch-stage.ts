import WebSocket from 'ws'
import { createClient } from '../../../shared/client/client.ts'
import type { LiveFrame } from '../../../shared/contract/live.ts'
import { knownVolume } from './known-volume.ts'
import type { Person } from './people.ts'
import type { Random } from './seeded-random.ts'
import { checkArtifacts, finishJob, pause, queueJob, sendVolume } from './user-work.ts'
import type { World } from './world.ts'

/** Enough small tiles for a job to go on while its only watcher is away. */
const SHAPE = [48, 96, 96] as const
const PATCH = [8, 16, 16] as const

/** Progress that is seen before the line is cut, and how long it stays so. */
const SEEN_BEFORE = 3
const AWAY_MS = 400

/** A job with one watcher, whose line is cut in the middle of it and who comes back asking for what was missed. */
export async function watchStage(world: World, person: Person, random: Random): Promise<void> {
  const { url } = world.server
  const client = () => createClient({ url, token: person.token })
  const volume = knownVolume(random, SHAPE)
  const { volume_id } = await sendVolume(world, person, client, volume, random)
  const job = await queueJob(world, { person, patchZyx: PATCH }, client, volume_id, volume)
  const seen = await framesOf(world, person, job.jobId, 0, (frames) => progressOf(frames).length >= SEEN_BEFORE)
  if (seen.some(({ type }) => type === 'completed'))
    return world.tally.wrong('the job ended before its watcher could be cut off')
  // What was on the line when it was cut: the server has sent it, and nobody heard it.
  const [first, ...lost] = progressOf(seen)
  await pause(AWAY_MS)
  const backMs = Date.now()
  const missed = await framesOf(world, person, job.jobId, first.seq, () => false)
  checkMissed(world, lost, missed, backMs)
  await finishJob(world, client, job)
  await checkArtifacts(world, client, job)
}

/** What a watcher hears from `since` on, until it has enough, when the line is cut, or until the server closes. */
function framesOf(
  { server, tally }: World,
  { token }: Person,
  jobId: string,
  since: number,
  isEnough: (frames: readonly LiveFrame[]) => boolean,
): Promise<LiveFrame[]> {
  const address = `${server.url.replace(/^http/, 'ws')}/ws/jobs/${jobId}?since=${since}`
  const socket = new WebSocket(address, { headers: { authorization: `Bearer ${token}` } })
  const frames: LiveFrame[] = []
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', () => resolve(frames))
    socket.on('message', (data, isBinary) => {
      if (isBinary || isEnough(frames)) return
      const frame = JSON.parse(String(data)) as LiveFrame
      if (frame.type !== 'ping') frames.push(frame)
      tally.add('live_events')
      if (isEnough(frames)) socket.terminate()
    })
  })
}

function progressOf(frames: readonly LiveFrame[]) {
  return frames.flatMap((frame) => (frame.type === 'progress' && frame.data.tiles_done > 0 ? [frame] : []))
}

/**
 * Every event once and in order: what was lost with the line, and what happened in the absence. Their numbers are
 * milliseconds.
 */
function checkMissed(world: World, lost: readonly LiveFrame[], missed: readonly LiveFrame[], backMs: number): void {
  const expects = (isRight: boolean, text: string) => isRight || world.tally.wrong(`a watcher that came back ${text}`)
  const numbers = missed.map(({ seq }) => seq)
  expects(
    numbers.every((seq, index) => index === 0 || seq > numbers[index - 1]),
    'heard an event twice or out of order',
  )
  const isAway = (seq: number) => seq > (lost.at(-1)?.seq ?? 0) && seq <= backMs
  expects(numbers.some(isAway), 'was not told what happened in the absence')
  expects(
    lost.every(({ seq }) => numbers.includes(seq)),
    'was not told what was lost with the line',
  )
  expects(
    missed.some(({ type }) => type === 'preview'),
    'saw no preview',
  )
  expects(missed.at(-1)?.type === 'completed', 'was not told the end')
}
