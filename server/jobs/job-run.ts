import path from 'node:path'
import { DomainError, type ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import { syncFolder } from '../../shared/node/sync-folder.ts'
import type { FromWorker, JobDescription, RunOutcome } from '../inference/messages.ts'
import { isAway, onceBack } from '../while-away.ts'
import type { JobEvents } from './job-events.ts'
import type { JobMoves } from './job-moves.ts'
import type { JobRecord, JobRepository } from './job-repository.ts'
import { eachOnce } from './plan-job.ts'
import type { Worker, WorkerExit } from './worker-launcher.ts'

/** A job whose worker is lost this often is given up: it is likely to be the reason. */
const MOST_WORKER_LOSSES = 2

/** One that is to pause also puts what is finished on the disk. */
const LEAST_PAUSE_GRACE_MS = 60_000

/** A canceled worker has two tiles' time to stop by itself, at least this long. */
const LEAST_CANCEL_GRACE_MS = 5_000

export interface JobRunnerLog {
  info(facts: object, text: string): void
  error(facts: object, text: string): void
}

export interface JobRunNeeds {
  moves: JobMoves
  jobs: JobRepository
  events: JobEvents
  log: JobRunnerLog
  /** Aborted when the server stops. */
  stopping: AbortSignal
  /** The device of a run cannot be used. True where another one takes the job. */
  goesElsewhere: (record: JobRecord) => boolean
}

/**
 * One attempt of a job in a worker of its own: claimed → running → settled by its result, its failure, a cancel or the
 * loss of the worker → `gone` with the worker's process.
 */
export class JobRun {
  readonly record: JobRecord
  /** Resolves once the worker's process is gone and that is recorded. Never rejects. */
  readonly gone: Promise<void>
  private readonly needs: JobRunNeeds
  private readonly worker: Worker
  private leave = (): void => undefined
  private last: Promise<void> = Promise.resolve()
  /** Set once it is decided how the attempt ends; an exit after it means nothing. */
  private settled = false
  /** Set once the job is marked as running for this server: from then on its lease is renewed. */
  private claimed = false
  /** Set once the worker has given a result. */
  private worked = false
  private isCanceled = false
  private isHandedBack = false
  private isPaused = false
  private hasPreview = false
  private tilesPerSecond: number | null = null
  /** When the worker last said anything, by `performance.now()`. */
  private heardMs = performance.now()
  private readonly startedMs = performance.now()
  /** Set when it was ended because it was silent for so long. */
  private hungSeconds: number | null = null
  /** Sent once the worker says that it is ready. */
  private description: JobDescription | null = null
  private isReady = false

  constructor(needs: JobRunNeeds, record: JobRecord, worker: Worker) {
    this.needs = needs
    this.record = record
    this.worker = worker
    this.gone = new Promise((resolve) => {
      this.leave = resolve
    })
    this.listen()
  }

  get isSettled(): boolean {
    return this.settled
  }

  get plannedBytes(): number {
    return this.record.memory?.total_bytes ?? 0
  }

  get hasWorked(): boolean {
    return this.worked
  }

  get isClaimed(): boolean {
    return this.claimed
  }

  /** The job is marked as running here. The worker may be ready before that, or after. */
  begin(description: JobDescription): void {
    this.claimed = true
    this.description = description
    this.beginWhenReady()
  }

  private beginWhenReady(): void {
    if (!this.isReady || !this.description) return
    this.worker.send({ type: 'run', job: this.description })
    this.description = null
  }

  /** Ends the worker; what becomes of the job is the caller's to say. */
  dismiss(): void {
    this.settled = true
    this.worker.kill()
  }

  /** The user wants no result any more. */
  cancel(): void {
    if (this.isCanceled) return
    this.isCanceled = true
    this.worker.send({ type: 'cancel' })
    this.killUnlessSettled(LEAST_CANCEL_GRACE_MS)
  }

  /** The user wants the device for something else, and the result later. */
  pause(): void {
    if (this.isCanceled || this.isPaused) return
    this.isPaused = true
    this.worker.send({ type: 'cancel', keep: true })
    this.killUnlessSettled(LEAST_PAUSE_GRACE_MS)
  }

  private killUnlessSettled(leastGraceMs: number): void {
    const kill = () => !this.settled && this.worker.kill()
    setTimeout(kill, Math.max(leastGraceMs, 2 * this.perRunMs())).unref()
  }

  /** The server stops before the worker has ended: its job becomes what its user asked for, or goes back on the queue. */
  async abandon(): Promise<void> {
    this.dismiss()
    if (!(await this.stoppedByUser())) await this.needs.moves.requeue(this.record)
  }

  /** The server stops: the job ends at its next tile and goes back on the queue. */
  handBack(): void {
    this.isHandedBack = true
    if (!this.settled) this.worker.send({ type: 'cancel', keep: true })
  }

  /** Fails the job where it has run for longer than `hours`. */
  endWhenLate(hours: number): void {
    if (hours === 0 || performance.now() - this.startedMs <= hours * 3600_000) return
    this.end(new DomainError('job_time_limit', { hours }))
  }

  /** Ends the worker and fails the job, which is not tried again by itself. */
  end(error: DomainError): void {
    if (this.settled) return
    this.dismiss()
    this.next(() => this.fail(error.toEnvelope()))
  }

  /** What the worker holds, bytes; null where that cannot be told. */
  async memoryBytes(): Promise<number | null> {
    return (await this.worker.memoryBytes?.()) ?? null
  }

  /** Ends a worker that has been silent for longer than any tile takes. Its job is tried again as a lost one. */
  endWhenSilent(hangMs: number): void {
    const mostMs = this.tilesPerSecond ? Math.max(hangMs / 10, 20 * this.perRunMs()) : hangMs * this.batch
    const silentMs = performance.now() - this.heardMs
    if (this.settled || silentMs < mostMs) return
    this.needs.log.error({ job_id: this.record.jobId, silent_seconds: silentMs / 1000 }, 'worker hangs')
    this.hungSeconds = Math.round(silentMs / 1000)
    this.worker.kill()
  }

  /** A run of the network says nothing before all its tiles are through. */
  private get batch(): number {
    return this.record.effectiveParams?.batch ?? 1
  }

  /** What the tiles take that go through the network together; 0 as long as none is through. */
  private perRunMs(): number {
    return this.tilesPerSecond ? (1000 * this.batch) / this.tilesPerSecond : 0
  }

  /** Messages are handled one after the other, so that a result never overtakes its previews. */
  private listen(): void {
    this.worker.onMessage((message) => {
      this.heardMs = performance.now()
      return this.next(() => this.take(message))
    })
    this.worker.onExit((exit) => this.next(() => this.left(exit)))
  }

  private next(step: () => Promise<void>): void {
    const { log } = this.needs
    this.last = this.last
      .then(step)
      .catch((error) => log.error({ err: error, job_id: this.record.jobId }, 'message of a worker failed'))
  }

  private async left(exit: WorkerExit): Promise<void> {
    try {
      if (!this.settled) await this.lost(exit)
      const usedSeconds = (performance.now() - this.startedMs) / 1000
      await this.needs.moves.queue.charge(this.record.owner, usedSeconds).catch(() => undefined)
    } finally {
      this.leave()
    }
  }

  private async take(message: FromWorker): Promise<void> {
    const { jobId, attempt } = this.record
    switch (message.type) {
      case 'alive':
        return
      case 'ready':
        this.isReady = true
        return this.beginWhenReady()
      case 'progress':
        this.tilesPerSecond = message.progress.tilesPerSecond
        return this.needs.moves.tellProgress(jobId, attempt, message.progress)
      case 'preview':
        if (!this.hasPreview) await this.recordPreviewing()
        this.needs.events.publish(jobId, { type: 'preview', data: message.header }, message.payload)
        return
      case 'finished':
        return this.finish(message.outcome)
      case 'failed':
        return this.failed(message.error)
      case 'postprocessed':
        // Only workers that were asked for it say so, and this one was asked for a run.
        return
      case 'canceled':
        return this.canceled()
    }
  }

  private async recordPreviewing(): Promise<void> {
    const { moves, log } = this.needs
    const { jobId, attempt } = this.record
    try {
      await moves.move(jobId, attempt, 'previewing', {})
      this.hasPreview = true
    } catch (error) {
      log.error({ err: error, job_id: jobId }, 'a preview could not be recorded')
    }
  }

  private async canceled(): Promise<void> {
    const { moves, log } = this.needs
    const { jobId, attempt } = this.record
    this.settled = true
    if (await this.stoppedByUser()) return
    if (this.isHandedBack) {
      log.info({ job_id: jobId, attempt }, 'job handed back')
      await moves.requeue(this.record)
    }
  }

  /** The job of a worker that is gone, as its user asked for it. @returns false where they asked for nothing */
  private async stoppedByUser(): Promise<boolean> {
    const { moves, log, stopping } = this.needs
    const { jobId, attempt } = this.record
    if (this.isPaused && !this.isCanceled) {
      log.info({ job_id: jobId, attempt }, 'job paused')
      await onceBack(() => moves.pause(jobId, attempt), stopping)
    }
    // It may be canceled while the pause is recorded.
    if (this.isCanceled) await onceBack(() => moves.markCanceled(jobId, attempt), stopping)
    return this.isCanceled || this.isPaused
  }

  private async finish(outcome: RunOutcome): Promise<void> {
    const { moves, jobs, log, stopping } = this.needs
    const { jobId, attempt } = this.record
    this.settled = true
    this.worked = true
    const { result, artifacts } = outcome
    const change = {
      result,
      warnings: eachOnce([...this.record.warnings, ...outcome.warnings]),
      effectiveParams: outcome.params,
      tilesDone: result.tiles,
      tilesTotal: result.tiles,
      finishedAt: new Date().toISOString(),
    }
    try {
      const attemptFolder = moves.attemptFolder(jobId, attempt)
      const jobFolder = path.dirname(attemptFolder)
      for (const folder of [attemptFolder, jobFolder, path.dirname(jobFolder)]) await syncFolder(folder)
      const record = () => jobs.complete(jobId, attempt, change, artifacts)
      if (!(await onceBack(record, stopping)) && !(await this.isRecorded())) return
    } catch (error) {
      // The server stops while the database is away: the next start queues the job again.
      if (isAway(error)) return
      log.error({ err: error, job_id: jobId }, 'a finished job could not be recorded')
      // A disk may refuse to keep what is recorded already: then the files of the job stay.
      if (!(await this.isRecorded().catch(() => false))) {
        const message = 'The mask was made, but could not be recorded on the server.'
        return this.fail(new DomainError('internal', { message, cause: error }).toEnvelope())
      }
    }
    moves.forgetProgress(jobId)
    // What an attempt takes that has few tiles left says little of the speed.
    const ran = { ...this.record, effectiveParams: outcome.params, tilesTotal: result.tiles }
    if (!result.tiles_resumed) await moves.queue.measured(ran, result.seconds).catch(() => undefined)
    await moves.tellState(jobId, 'completed', attempt)
    const record = await jobs.find(jobId)
    if (record) await moves.record({ type: 'completed', data: { job: await moves.view(record) } }, jobId)
    log.info({ job_id: jobId, attempt, seconds: result.seconds }, 'job completed')
  }

  /** Whether this attempt's result was recorded although the answer that said so was lost with a connection. */
  private async isRecorded(): Promise<boolean> {
    const { jobId, attempt } = this.record
    const job = await this.needs.jobs.find(jobId)
    return job?.state === 'completed' && job.attempt === attempt
  }

  /** A device that cannot be used is no reason to give up a job that another one can run. */
  private async failed(error: ProblemEnvelope): Promise<void> {
    const { moves, goesElsewhere, stopping } = this.needs
    const isOfDevice = error.code === 'provider_unavailable' && !this.isCanceled
    const isForOther = isOfDevice && goesElsewhere(this.record)
    // One that is to pause need not find another one now.
    if (!isForOther && !(isOfDevice && this.isPaused)) return this.fail(error)
    this.settled = true
    if (await this.stoppedByUser()) return
    await onceBack(() => moves.requeue(this.record), stopping)
  }

  /** The job ends with this error, and nothing is left of the attempt. */
  private async fail(error: ProblemEnvelope): Promise<void> {
    const { moves, log } = this.needs
    const { jobId, attempt } = this.record
    this.settled = true
    log.error({ job_id: jobId, attempt, code: error.code }, 'job failed')
    await moves.fail(jobId, attempt, error)
    await moves.removeAttempts(jobId, attempt)
  }

  /** The process went without a result: once it is tried again, then the job fails with the reason. */
  private async lost(exit: WorkerExit): Promise<void> {
    const { moves, log, stopping } = this.needs
    const { jobId, attempt } = this.record
    this.settled = true
    const reason = this.hungSeconds === null ? exit.reason : `no sign of life for ${this.hungSeconds} s`
    log.error({ job_id: jobId, attempt, reason, stderr: exit.lastLines }, 'worker lost')
    if (await this.stoppedByUser()) return
    const losses = this.record.losses + 1
    if (losses < MOST_WORKER_LOSSES) await onceBack(() => moves.requeue(this.record, losses), stopping)
    else await this.fail(new DomainError('worker_lost', { reason }).toEnvelope())
  }
}
