import type { JobProgress } from '../../shared/contract/jobs.ts'
import type { ServerConfig } from '../config.ts'
import type { DeviceSlot } from '../devices/device-slots.ts'
import type { RunProgress } from '../inference/messages.ts'
import type { JobRecord, JobRepository } from './job-repository.ts'
import { RUNNING } from './job-state.ts'
import { decayedSeconds, type Lane, plannedStarts, queueOrder } from './queue-order.ts'
import type { QueueRepository } from './queue-repository.ts'

/** What a job is thought to take for the order of the queue while nothing was measured: it only makes users take turns. */
const GUESSED_SECONDS = 600

/** Weight of the newest measured speed against those before. */
const NEWEST_SPEED = 0.5

const HOUR_MS = 3600_000

export interface JobQueueNeeds {
  jobs: Pick<JobRepository, 'withState'>
  memory: QueueRepository
  config: Pick<ServerConfig, 'devices' | 'jobsPerUser' | 'fairShareHours'>
  /** What a running job last said, or null. */
  liveProgress: (jobId: string) => RunProgress | null
  nowMs: () => number
}

type Place = Pick<JobProgress, 'queue_position' | 'estimated_start' | 'waits_for'>

/** Which job is next, and where each stands. What was measured is kept in the database. */
export class JobQueue {
  /** The job whose turn it is while the jobs that run leave too little memory for it; set by the runner. */
  heldForMemory: string | null = null
  private readonly needs: JobQueueNeeds
  private coming: Promise<Map<string, Place>> | null = null
  private running: Promise<unknown> = Promise.resolve()

  constructor(needs: JobQueueNeeds) {
    this.needs = needs
  }

  /** The job that a free device takes, or null: nothing waits, or its users run as many as they may. */
  async next(mayTake: (job: JobRecord) => boolean): Promise<JobRecord | null> {
    const { running, order } = await this.state()
    const numOf = (owner: string) => running.filter((job) => job.owner === owner).length
    return order.find((job) => mayTake(job) && numOf(job.owner) < this.mostPerUser) ?? null
  }

  private get mostPerUser(): number {
    return this.needs.config.jobsPerUser || Number.POSITIVE_INFINITY
  }

  /** Position, from 1, and estimated start of every waiting job; no time where what is before it was never measured. */
  places(): Promise<Map<string, Place>> {
    // Shared by all who ask before it begins, so that nobody gets what was read before they asked; one runs at a time.
    this.coming ??= this.afterRunning().then(() => {
      this.coming = null
      const places = this.readPlaces()
      this.running = places.catch(() => undefined)
      return places
    })
    return this.coming
  }

  private async afterRunning(): Promise<void> {
    await this.running
    await new Promise((resolve) => setImmediate(resolve))
  }

  private async readPlaces(): Promise<Map<string, Place>> {
    const { running, order, speeds, guess } = await this.state()
    const { devices } = this.needs.config
    const lanes = devices.map(({ deviceId }): Lane => {
      const job = running.find((one) => one.device === deviceId)
      return job
        ? { freeInSeconds: this.secondsLeft(job, speeds), owner: job.owner }
        : { freeInSeconds: 0, owner: null }
    })
    const takes = (job: JobRecord, device: number) => secondsOn(job, devices[device].deviceId, speeds)
    const known = plannedStarts(order, lanes, this.mostPerUser, takes)
    // Who comes after whom is told also where no time is known.
    const guessed = lanes.map((lane) => ({ ...lane, freeInSeconds: lane.freeInSeconds ?? GUESSED_SECONDS }))
    const taken = plannedStarts(order, guessed, this.mostPerUser, (job, device) => takes(job, device) ?? guess(job))
    const sequence = [...new Set([...taken.map(({ job }) => job), ...order])]
    const startOf = new Map(known.map(({ job, inSeconds }) => [job, this.needs.nowMs() + inSeconds * 1000]))
    const timeOf = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())
    const heldAt = sequence.findIndex(({ jobId }) => jobId === this.heldForMemory)
    const placeOf = (job: JobRecord, i: number): Place => {
      // Nobody knows when the memory is there; what comes later waits for it, too.
      const startsWithMemory = heldAt >= 0 && i >= heldAt
      const place = { queue_position: i + 1, estimated_start: startsWithMemory ? null : timeOf(startOf.get(job)) }
      return i === heldAt ? { ...place, waits_for: 'memory' } : place
    }
    return new Map(sequence.map((job, i) => [job.jobId, placeOf(job, i)]))
  }

  /** Keeps how fast a finished job was. @param seconds of the whole run */
  async measured(job: JobRecord, seconds: number): Promise<void> {
    const patch = patchOf(job)
    if (!job.device || !patch || !(seconds > 0) || job.tilesTotal === 0) return
    const key = { model: modelOf(job), device: job.device, patch }
    const known = (await this.needs.memory.speeds()).find((one) => isSame(one, key))
    const newest = job.tilesTotal / seconds
    const mixed = known ? NEWEST_SPEED * newest + (1 - NEWEST_SPEED) * known.tilesPerSecond : newest
    await this.needs.memory.saveSpeed({ ...key, tilesPerSecond: mixed })
  }

  /** Charges device time to a user. */
  async charge(owner: string, seconds: number): Promise<void> {
    const before = (await this.used()).get(owner) ?? 0
    await this.needs.memory.saveUse(owner, before + seconds, new Date(this.needs.nowMs()).toISOString())
  }

  private async used(): Promise<Map<string, number>> {
    const { memory, config, nowMs } = this.needs
    const halfLifeMs = config.fairShareHours * HOUR_MS
    const ago = (time: string) => nowMs() - Date.parse(time)
    return new Map(
      (await memory.uses()).map((use) => [use.owner, decayedSeconds(use.seconds, ago(use.updatedAt), halfLifeMs)]),
    )
  }

  private async state() {
    const { jobs, config, memory, nowMs } = this.needs
    const records = await jobs.withState(['queued', ...RUNNING])
    const running = records.filter(({ state }) => state !== 'queued')
    const used = await this.used()
    for (const { owner, startedAt } of running)
      used.set(owner, (used.get(owner) ?? 0) + Math.max(0, nowMs() - Date.parse(startedAt ?? '')) / 1000)
    const speeds = new Map((await memory.speeds()).map((one) => [keyOf(one), one.tilesPerSecond]))
    const guess = (job: JobRecord) => expectedSeconds(job, config.devices, speeds)
    const waiting = records.filter(({ state }) => state === 'queued')
    return { running, order: queueOrder(waiting, used, guess), speeds, guess }
  }

  private secondsLeft(job: JobRecord, speeds: ReadonlyMap<string, number>): number | null {
    const live = this.needs.liveProgress(job.jobId)
    if (live && live.secondsLeft !== null) return live.secondsLeft
    const takes = job.device === null ? null : secondsOn(job, job.device, speeds)
    if (takes === null || job.startedAt === null) return null
    return Math.max(0, takes - (this.needs.nowMs() - Date.parse(job.startedAt)) / 1000)
  }
}

/** Of the device that knows it best, or a guess. */
function expectedSeconds(job: JobRecord, devices: readonly DeviceSlot[], speeds: ReadonlyMap<string, number>): number {
  for (const { deviceId } of devices) {
    const seconds = secondsOn(job, deviceId, speeds)
    if (seconds !== null) return seconds
  }
  return GUESSED_SECONDS
}

function secondsOn(job: JobRecord, device: string, speeds: ReadonlyMap<string, number>): number | null {
  const patch = patchOf(job)
  const speed = patch === null ? undefined : speedOf({ model: modelOf(job), device, patch }, speeds)
  return speed ? job.tilesTotal / speed : null
}

/** Where it was never measured with as many tiles at once, that with another number of them. */
function speedOf(key: SpeedKey, speeds: ReadonlyMap<string, number>): number | undefined {
  const [size, mirrored] = key.patch.split('/')
  const alike = keyOf({ ...key, patch: `${size}/${mirrored}` })
  return speeds.get(keyOf(key)) ?? [...speeds].find(([known]) => known === alike || known.startsWith(`${alike}/`))?.[1]
}

const modelOf = (job: JobRecord) => `${job.model}@${job.modelVersion}`

/** Mirroring makes every tile cost more, and tiles that go through a card together less. */
function patchOf({ effectiveParams: params }: JobRecord): string | null {
  if (!params) return null
  const { patch_zyx: patch, mirror_axes: mirror, batch = 1 } = params
  // One at a time is not named: so it was measured before.
  return `${patch.join('x')}/${mirror.length}${batch === 1 ? '' : `/${batch}`}`
}

interface SpeedKey {
  model: string
  device: string
  patch: string
}

const keyOf = ({ model, device, patch }: SpeedKey) => `${model} ${device} ${patch}`

const isSame = (a: SpeedKey, b: SpeedKey) => keyOf(a) === keyOf(b)
