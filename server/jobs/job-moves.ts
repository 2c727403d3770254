import path from 'node:path'
import type { Job, JobProgress, JobState } from '../../shared/contract/jobs.ts'
import type { ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import type { RunProgress } from '../inference/messages.ts'
import { attemptFolder, keepPlanes, removeAttempts } from './attempt-folders.ts'
import type { JobEvents } from './job-events.ts'
import { JobQueue } from './job-queue.ts'
import type { JobChange, JobRecord } from './job-repository.ts'
import type { JobServiceNeeds } from './job-service.ts'
import { isFinished, statesBefore } from './job-state.ts'
import { jobView, runningProgress } from './job-view.ts'

/** How soon a failure that could not be recorded is tried again. */
const RECORD_AGAIN_MS = 5_000

export type JobMovesNeeds = Pick<JobServiceNeeds, 'jobs' | 'events' | 'config' | 'queueMemory'>

/**
 * Every move of a job between its states, told to who watches, and what is known of it between two moves.
 * A move is a compare-and-set on state and attempt, so that a late worker can never change a later attempt.
 */
export class JobMoves {
  /** Told when a job was queued; set by the runner. */
  onQueued: () => void = () => undefined
  readonly queue: JobQueue
  private readonly needs: JobMovesNeeds
  private readonly live = new Map<string, RunProgress>()
  /** Failures that could not be recorded yet, because the disk is full or the database is away; shown all the same. */
  private readonly unrecorded = new Map<string, NonNullable<Job['error']>>()
  private readonly toldPlaces = new Map<string, string>()

  constructor(needs: JobMovesNeeds) {
    this.needs = needs
    const { jobs, queueMemory: memory, config } = needs
    const liveProgress = (jobId: string) => this.live.get(jobId) ?? null
    this.queue = new JobQueue({ jobs, memory, config, liveProgress, nowMs: Date.now })
  }

  jobFolder(jobId: string): string {
    return path.join(this.needs.config.dataFolder, 'jobs', jobId)
  }

  attemptFolder(jobId: string, attempt: number): string {
    return attemptFolder(this.jobFolder(jobId), attempt)
  }

  /** Removes what an attempt and those before it left. */
  removeAttempts(jobId: string, last: number): Promise<void> {
    return removeAttempts(this.jobFolder(jobId), last)
  }

  /**
   * Back on the queue as the next attempt: a retry, a pause that ends, or a worker or server that was lost. What was
   * finished stays for that attempt.
   * @param losses how often it was lost since a user queued it
   */
  async requeue(record: JobRecord, losses = record.losses): Promise<boolean> {
    const change: JobChange = {
      attempt: record.attempt + 1,
      error: null,
      result: null,
      device: null,
      tilesDone: 0,
      startedAt: null,
      finishedAt: null,
      losses,
      claimedBy: null,
      leaseUntil: null,
      artifactsRemovedAt: null,
    }
    this.live.delete(record.jobId)
    const isMoved = await this.needs.jobs.move(record.jobId, record.attempt, statesBefore('queued'), 'queued', change)
    if (!isMoved) return false
    this.unrecorded.delete(record.jobId)
    await this.keepPlanes(record)
    await this.tellState(record.jobId, 'queued', record.attempt + 1)
    this.onQueued()
    return true
  }

  /** A job's move made by its worker; false when the job has moved on without it. @param from where not every state before is meant */
  async move(
    jobId: string,
    attempt: number,
    to: JobState,
    change: JobChange,
    from: readonly JobState[] = statesBefore(to),
  ): Promise<boolean> {
    const isMoved = await this.needs.jobs.move(jobId, attempt, from, to, change)
    if (isMoved) await this.tellState(jobId, to, attempt)
    return isMoved
  }

  /** @param from where not every state before is meant. @returns false when it was in none of them */
  async markCanceled(jobId: string, attempt: number, from?: readonly JobState[]): Promise<boolean> {
    if (!(await this.move(jobId, attempt, 'canceled', { finishedAt: new Date().toISOString() }, from))) return false
    this.live.delete(jobId)
    await this.removeAttempts(jobId, attempt)
    return true
  }

  /** Puts a job aside until its user resumes it; what is finished stays. As `markCanceled`. */
  async pause(jobId: string, attempt: number, from?: readonly JobState[]): Promise<boolean> {
    const change = { device: null, claimedBy: null, leaseUntil: null, startedAt: null }
    if (!(await this.move(jobId, attempt, 'paused', change, from))) return false
    this.live.delete(jobId)
    await this.keepPlanes({ jobId, attempt })
    return true
  }

  /** The move is recorded: a file that cannot be removed now is no reason to keep it from anybody. Retention removes it. */
  private async keepPlanes({ jobId, attempt }: Pick<JobRecord, 'jobId' | 'attempt'>): Promise<void> {
    await keepPlanes(this.jobFolder(jobId), attempt).catch(() => undefined)
  }

  /** Ends a job with a failure. Where that cannot be recorded, users see it all the same, and it is recorded later. */
  async fail(jobId: string, attempt: number, { code, message, hint, retryable }: ProblemEnvelope): Promise<void> {
    const error = { code, message, hint, retryable }
    this.live.delete(jobId)
    try {
      const isMoved = await this.move(jobId, attempt, 'failed', { error, finishedAt: new Date().toISOString() })
      this.unrecorded.delete(jobId)
      if (!isMoved) return
    } catch {
      this.unrecorded.set(jobId, error)
      // Unless the job was started again meanwhile.
      const again = () => void (this.unrecorded.get(jobId) === error && this.fail(jobId, attempt, error))
      setTimeout(again, RECORD_AGAIN_MS).unref()
    }
    await this.record({ type: 'error', data: error }, jobId)
  }

  /** True for a job that has failed although its record does not say so yet. */
  isUnrecorded(jobId: string): boolean {
    return this.unrecorded.has(jobId)
  }

  /** Lets a job that failed before it left the queue, which is not recorded yet, take its turn again. */
  forgetFailure(jobId: string): void {
    if (this.unrecorded.delete(jobId)) this.onQueued()
  }

  async tellState(jobId: string, state: JobState, attempt: number): Promise<void> {
    await this.record({ type: 'state', data: { state, attempt } }, jobId)
  }

  /** Tells an event to whoever watches, then stores it; a full disk loses the stored copy, not the job. */
  async record(body: Parameters<JobEvents['publish']>[1], jobId: string): Promise<void> {
    const frame = this.needs.events.publish(jobId, body)
    await this.needs.jobs.addEvent(jobId, frame).catch(() => undefined)
  }

  /** Progress is told at once and kept in memory; the record gets it for those who ask later. */
  async tellProgress(jobId: string, attempt: number, progress: RunProgress): Promise<void> {
    this.live.set(jobId, progress)
    this.needs.events.publish(jobId, { type: 'progress', data: runningProgress(progress) })
    await this.needs.jobs.saveProgress(jobId, attempt, progress.tilesDone, progress.tilesTotal).catch(() => undefined)
  }

  /** Tells those who watch waiting jobs where these stand now, when that has changed. */
  async tellPlaces(): Promise<void> {
    const { jobs, events } = this.needs
    const watched = (await jobs.withState(['queued'])).filter(({ jobId }) => events.isWatched(jobId))
    for (const jobId of this.toldPlaces.keys())
      if (!watched.some((one) => one.jobId === jobId)) this.toldPlaces.delete(jobId)
    if (watched.length === 0) return
    const places = await this.queue.places()
    for (const { jobId, tilesTotal } of watched) {
      const place = places.get(jobId)
      // Estimates move with the clock; a second more or less is no news.
      const text = `${place?.queue_position} ${place?.estimated_start?.slice(0, -6)} ${place?.waits_for}`
      if (!place || this.toldPlaces.get(jobId) === text) continue
      this.toldPlaces.set(jobId, text)
      const data = { tiles_done: 0, tiles_total: tilesTotal, tiles_per_second: null, seconds_left: null, ...place }
      events.publish(jobId, { type: 'progress', data })
    }
  }

  forgetProgress(jobId: string): void {
    this.live.delete(jobId)
  }

  async view(stored: JobRecord): Promise<Job> {
    const unrecorded = this.unrecorded.get(stored.jobId)
    const record: JobRecord = unrecorded ? { ...stored, state: 'failed', error: unrecorded } : stored
    return jobView(record, await this.progressOf(record))
  }

  private async progressOf(record: JobRecord): Promise<JobProgress> {
    const live = this.live.get(record.jobId)
    if (live && !isFinished(record.state)) return runningProgress(live)
    const place = record.state === 'queued' ? (await this.queue.places()).get(record.jobId) : undefined
    return {
      tiles_done: record.tilesDone,
      tiles_total: record.tilesTotal,
      tiles_per_second: null,
      seconds_left: null,
      queue_position: place?.queue_position ?? null,
      estimated_start: place?.estimated_start ?? null,
      ...(place?.waits_for ? { waits_for: place.waits_for } : {}),
    }
  }
}
