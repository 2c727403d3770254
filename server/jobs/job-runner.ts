import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { DomainError, type ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import type { DeviceSlot } from '../devices/device-slots.ts'
import type { FromWorker, JobDescription, RunOutcome } from '../inference/messages.ts'
import { isAway, onceBack } from '../while-away.ts'
import type { JobRecord } from './job-repository.ts'
import type { JobService } from './job-service.ts'
import { prepareRun } from './prepare-run.ts'
import type { Worker, WorkerLauncher } from './worker-launcher.ts'

/** A job whose worker is lost this often is given up: it is likely to be the reason. */
const MOST_WORKER_LOSSES = 2

/** The same for the server, which ends for other reasons, too. */
const MOST_SERVER_LOSSES = 5

/** A canceled worker has two tiles' time to stop by itself, at least this long. */
const LEAST_CANCEL_GRACE_MS = 5_000

interface Running {
  record: JobRecord
  worker: Worker
  /** Set once a message decided how the job ends; an exit after it means nothing. */
  isSettled: boolean
  isCanceled: boolean
  /** Set once the job is marked as running for this server: from then on its lease is renewed. */
  isClaimed: boolean
  /** Set when the server stops: the job ends at its next tile and goes back on the queue. */
  isHandedBack: boolean
  /** Tells `gone` that the worker's process is. */
  leave: () => void
  gone: Promise<void>
  tilesPerSecond: number | null
  /** When the worker last said anything, by `performance.now()`. */
  heardMs: number
  startedMs: number
  /** Set when it was ended because it was silent for so long. */
  hungSeconds: number | null
  /** Sent once the worker says that it is ready. */
  description: JobDescription | null
  isReady: boolean
}

export interface JobRunnerLog {
  info(facts: object, text: string): void
  error(facts: object, text: string): void
}

/**
 * Takes queued jobs in order and runs each in a worker of its own, one job per device slot.
 * Slots are free → busy with one attempt → free again when the worker's process is gone.
 */
export class JobRunner {
  private readonly running = new Map<string, Running>()
  private readonly stopping = new AbortController()
  private watch: NodeJS.Timeout | undefined
  private isLooking = false
  private mustLookAgain = false
  private readonly service: JobService
  private readonly launcher: WorkerLauncher
  private readonly log: JobRunnerLog
  private readonly programVersion: string
  private readonly runnerId: string
  private heartbeat: NodeJS.Timeout | undefined

  /** @param runnerId name of this server in the database; the same after it was started again */
  constructor(
    service: JobService,
    launcher: WorkerLauncher,
    log: JobRunnerLog,
    programVersion: string,
    runnerId: string,
  ) {
    this.service = service
    this.launcher = launcher
    this.log = log
    this.programVersion = programVersion
    this.runnerId = runnerId
    service.onQueued = () => void this.look()
    service.onCancel = (jobId) => this.cancel(jobId)
  }

  private get hangMs(): number {
    return this.service.needs.config.hangSeconds * 1000
  }

  /** Queues again what a former process left running, then starts to work. */
  async start(): Promise<void> {
    await this.takeBackLost(({ claimedBy }) => claimedBy === null || claimedBy === this.runnerId)
    const limitMs = this.limitMs || Number.POSITIVE_INFINITY
    this.watch = setInterval(() => this.endSilent(), Math.min(5_000, this.hangMs / 4, limitMs / 4))
    this.watch.unref()
    this.heartbeat = setInterval(() => void this.beat(), this.leaseMs / 3)
    this.heartbeat.unref()
    await this.look()
  }

  /** Takes no more jobs and lets running ones finish their tile; after `graceMs` workers are ended. All go back on the queue. */
  async stop(graceMs = 0): Promise<void> {
    this.stopping.abort()
    clearInterval(this.watch)
    clearInterval(this.heartbeat)
    if (graceMs > 0) await this.handBack(graceMs)
    for (const run of this.running.values()) {
      const isEnded = run.isSettled
      run.isSettled = true
      run.worker.kill()
      // A job that has failed or was canceled stays so, although its worker is not gone yet.
      if (isEnded) continue
      // Where the database is away, the next start finds the job running and queues it again.
      await this.service.requeue(run.record).catch((error) => this.log.error({ err: error }, 'job not handed back'))
    }
    this.running.clear()
  }

  private get leaseMs(): number {
    return this.service.needs.config.leaseSeconds * 1000
  }

  private get limitMs(): number {
    return this.service.needs.config.jobHours * 3600_000
  }

  private leaseEnd(): string {
    return new Date(Date.now() + this.leaseMs).toISOString()
  }

  /** Renews the leases of running jobs, gives up what was taken over, and takes over what others have lost. */
  async beat(): Promise<void> {
    try {
      for (const run of this.running.values()) await this.renew(run)
      const now = new Date().toISOString()
      await this.takeBackLost(({ leaseUntil }) => leaseUntil !== null && leaseUntil < now)
      await this.look()
    } catch (error) {
      this.log.error({ err: error }, 'leases could not be renewed')
    }
  }

  private async renew(run: Running): Promise<void> {
    const { jobId, attempt } = run.record
    if (run.isSettled || !run.isClaimed) return
    if (await this.service.needs.jobs.renewLease(jobId, attempt, this.runnerId, this.leaseEnd())) return
    if (run.isSettled) return
    run.isSettled = true
    this.log.error({ job_id: jobId, attempt }, 'job was taken over by another server')
    run.worker.kill()
    await rm(this.service.attemptFolder(jobId, attempt), { recursive: true, force: true })
  }

  /** Jobs that nobody runs any more are queued again, or fail with the reason when that has happened too often. */
  private async takeBackLost(isLost: (record: JobRecord) => boolean): Promise<void> {
    const here = new Set([...this.running.values()].map(({ record }) => record.jobId))
    for (const record of await this.service.needs.jobs.withState(['running', 'previewing'])) {
      if (here.has(record.jobId) || !isLost(record)) continue
      const { jobId, attempt } = record
      const times = record.losses + 1
      this.log.info({ job_id: jobId, attempt, times }, 'job was lost with its server')
      if (times < MOST_SERVER_LOSSES) await this.service.requeue(record, times)
      else {
        await this.service.fail(jobId, attempt, new DomainError('server_lost', { times }).toEnvelope())
        await rm(this.service.attemptFolder(jobId, attempt), { recursive: true, force: true })
      }
    }
  }

  private async handBack(graceMs: number): Promise<void> {
    const runs = [...this.running.values()]
    for (const run of runs) {
      run.isHandedBack = true
      if (!run.isSettled) run.worker.send({ type: 'cancel' })
    }
    await Promise.race([Promise.all(runs.map(({ gone }) => gone)), delay(graceMs, undefined, { ref: false })])
  }

  /** Gives queued jobs to free slots. Calls that overlap are folded into one more look. */
  private async look(): Promise<void> {
    if (this.isLooking) {
      this.mustLookAgain = true
      return
    }
    this.isLooking = true
    try {
      do {
        this.mustLookAgain = false
        await this.fillSlots()
        await this.service.tellPlaces()
      } while (this.mustLookAgain)
    } catch (error) {
      this.log.error({ err: error }, 'the queue could not be read')
    } finally {
      this.isLooking = false
    }
  }

  private async fillSlots(): Promise<void> {
    for (const slot of this.service.needs.config.devices) {
      if (this.stopping.signal.aborted) return
      if (this.running.has(slot.deviceId)) continue
      const next = await this.service.queue.next((one) => !this.service.isUnrecorded(one.jobId))
      if (!next) return
      await this.begin(next, slot)
    }
  }

  private async begin(queued: JobRecord, slot: DeviceSlot): Promise<void> {
    const { jobId, attempt } = queued
    try {
      const description = await prepareRun(this.service, queued, slot, this.programVersion)
      const change = {
        effectiveParams: description.params,
        device: slot.deviceId,
        startedAt: new Date().toISOString(),
        modelSha256: description.model.manifest.onnx.sha256,
        claimedBy: this.runnerId,
        leaseUntil: this.leaseEnd(),
      }
      const worker = await this.launcher.launch(slot.env)
      const run: Running = {
        record: { ...queued, ...change },
        worker,
        isSettled: false,
        isCanceled: false,
        isClaimed: false,
        isHandedBack: false,
        ...departure(),
        tilesPerSecond: null,
        heardMs: performance.now(),
        startedMs: performance.now(),
        hungSeconds: null,
        description: null,
        isReady: false,
      }
      this.running.set(slot.deviceId, run)
      this.listen(run, slot)
      if (!(await this.service.move(jobId, attempt, 'running', change))) {
        run.isSettled = true
        worker.kill()
        return
      }
      run.isClaimed = true
      run.description = description
      this.beginWhenReady(run)
      this.log.info({ job_id: jobId, attempt, device: slot.deviceId }, 'job started')
    } catch (error) {
      this.dismissWorker(jobId)
      // It stays queued, and is found again when the database is back.
      if (isAway(error)) return
      const problem = error instanceof DomainError ? error : new DomainError('internal', { cause: error })
      this.log.error({ err: error, job_id: jobId }, 'job could not be started')
      await this.service.fail(jobId, attempt, problem.toEnvelope())
      this.mustLookAgain = true
    }
  }

  /** Ends the worker of a job that could not be begun: its slot becomes free when it is gone. */
  private dismissWorker(jobId: string): void {
    const run = [...this.running.values()].find((one) => one.record.jobId === jobId)
    if (!run) return
    run.isSettled = true
    run.worker.kill()
  }

  /** The worker may be ready before the job is marked as running, or after. */
  private beginWhenReady(run: Running): void {
    if (!run.isReady || !run.description) return
    run.worker.send({ type: 'run', job: run.description })
    run.description = null
  }

  /** Messages are handled one after the other, so that a result never overtakes its previews. */
  private listen(run: Running, slot: DeviceSlot): void {
    let last: Promise<void> = Promise.resolve()
    const next = (step: () => Promise<void>) => {
      last = last
        .then(step)
        .catch((error) => this.log.error({ err: error, job_id: run.record.jobId }, 'message of a worker failed'))
    }
    run.worker.onMessage((message) => {
      run.heardMs = performance.now()
      return next(() => this.take(run, message))
    })
    run.worker.onExit((exit) =>
      next(async () => {
        if (this.running.get(slot.deviceId) === run) this.running.delete(slot.deviceId)
        if (!run.isSettled) await this.lost(run, exit)
        const usedSeconds = (performance.now() - run.startedMs) / 1000
        await this.service.queue.charge(run.record.owner, usedSeconds).catch(() => undefined)
        run.leave()
        await this.look()
      }),
    )
  }

  private async take(run: Running, message: FromWorker): Promise<void> {
    const { jobId, attempt } = run.record
    switch (message.type) {
      case 'alive':
        return
      case 'ready':
        run.isReady = true
        return this.beginWhenReady(run)
      case 'progress':
        run.tilesPerSecond = message.progress.tilesPerSecond
        return this.service.tellProgress(jobId, attempt, message.progress)
      case 'preview':
        await this.service.needs.jobs
          .find(jobId)
          .then((job) => job?.state === 'running' && this.service.move(jobId, attempt, 'previewing', {}))
          .catch((error) => this.log.error({ err: error, job_id: jobId }, 'a preview could not be recorded'))
        this.service.needs.events.publish(jobId, { type: 'preview', data: message.header }, message.payload)
        return
      case 'finished':
        return this.finish(run, message.outcome)
      case 'failed':
        return this.fail(run, message.error)
      case 'postprocessed':
        // Only workers that were asked for it say so, and this one was asked for a run.
        return
      case 'canceled':
        run.isSettled = true
        if (run.isHandedBack && !run.isCanceled) {
          this.log.info({ job_id: jobId, attempt }, 'job handed back')
          return void (await this.service.requeue(run.record))
        }
        return onceBack(() => this.service.markCanceled(jobId, attempt), this.stopping.signal)
    }
  }

  private async finish(run: Running, outcome: RunOutcome): Promise<void> {
    const { jobId, attempt } = run.record
    run.isSettled = true
    const { result, warnings, artifacts } = outcome
    const change = {
      result,
      warnings,
      effectiveParams: outcome.params,
      tilesDone: result.tiles,
      tilesTotal: result.tiles,
      finishedAt: new Date().toISOString(),
    }
    try {
      const record = () => this.service.needs.jobs.complete(jobId, attempt, change, artifacts)
      if (!(await onceBack(record, this.stopping.signal)) && !(await this.isRecorded(jobId, attempt))) return
    } catch (error) {
      // The server stops while the database is away: the next start queues the job again.
      if (isAway(error)) return
      this.log.error({ err: error, job_id: jobId }, 'a finished job could not be recorded')
      return this.fail(
        run,
        new DomainError('internal', {
          message: 'The mask was made, but could not be recorded on the server.',
          cause: error,
        }).toEnvelope(),
      )
    }
    this.service.forgetProgress(jobId)
    const ran = { ...run.record, effectiveParams: outcome.params, tilesTotal: result.tiles }
    await this.service.queue.measured(ran, result.seconds).catch(() => undefined)
    await this.service.tellState(jobId, 'completed', attempt)
    const record = await this.service.needs.jobs.find(jobId)
    if (record) await this.service.record({ type: 'completed', data: { job: await this.service.view(record) } }, jobId)
    this.log.info({ job_id: jobId, attempt, seconds: result.seconds }, 'job completed')
  }

  /** Whether this attempt's result was recorded although the answer that said so was lost with a connection. */
  private async isRecorded(jobId: string, attempt: number): Promise<boolean> {
    const job = await this.service.needs.jobs.find(jobId)
    return job?.state === 'completed' && job.attempt === attempt
  }

  private async fail(run: Running, error: ProblemEnvelope): Promise<void> {
    const { jobId, attempt } = run.record
    run.isSettled = true
    this.log.error({ job_id: jobId, attempt, code: error.code }, 'job failed')
    await this.service.fail(jobId, attempt, error)
    await rm(this.service.attemptFolder(jobId, attempt), { recursive: true, force: true })
  }

  /** Ends workers that have been silent for longer than any tile takes. Their jobs are tried again as lost ones. */
  private endSilent(): void {
    for (const run of this.running.values()) {
      if (this.limitMs > 0 && performance.now() - run.startedMs > this.limitMs) this.endLate(run)
      const perTileMs = run.tilesPerSecond ? 1000 / run.tilesPerSecond : 0
      const mostMs = run.tilesPerSecond ? Math.max(this.hangMs / 10, 20 * perTileMs) : this.hangMs
      const silentMs = performance.now() - run.heardMs
      if (run.isSettled || silentMs < mostMs) continue
      this.log.error({ job_id: run.record.jobId, silent_seconds: silentMs / 1000 }, 'worker hangs')
      run.hungSeconds = Math.round(silentMs / 1000)
      run.worker.kill()
    }
  }

  private endLate(run: Running): void {
    if (run.isSettled) return
    const hours = this.service.needs.config.jobHours
    void this.fail(run, new DomainError('job_time_limit', { hours }).toEnvelope())
    run.worker.kill()
  }

  /** The process went without a result: once it is tried again, then the job fails with the reason. */
  private async lost(run: Running, exit: { reason: string; lastLines: string }): Promise<void> {
    run.isSettled = true
    const { jobId, attempt } = run.record
    const reason = run.hungSeconds === null ? exit.reason : `no sign of life for ${run.hungSeconds} s`
    this.log.error({ job_id: jobId, attempt, reason, stderr: exit.lastLines }, 'worker lost')
    const { signal } = this.stopping
    if (run.isCanceled) return onceBack(() => this.service.markCanceled(jobId, attempt), signal)
    const losses = run.record.losses + 1
    if (losses < MOST_WORKER_LOSSES)
      return void (await onceBack(() => this.service.requeue(run.record, losses), signal))
    await this.fail(run, new DomainError('worker_lost', { reason }).toEnvelope())
  }

  private cancel(jobId: string): void {
    const run = [...this.running.values()].find((one) => one.record.jobId === jobId)
    if (!run || run.isCanceled) return
    run.isCanceled = true
    run.worker.send({ type: 'cancel' })
    const twoTilesMs = run.tilesPerSecond ? 2000 / run.tilesPerSecond : 0
    setTimeout(() => !run.isSettled && run.worker.kill(), Math.max(LEAST_CANCEL_GRACE_MS, twoTilesMs)).unref()
  }
}

function departure(): Pick<Running, 'leave' | 'gone'> {
  let leave = (): void => undefined
  const gone = new Promise<void>((resolve) => {
    leave = resolve
  })
  return { leave, gone }
}
