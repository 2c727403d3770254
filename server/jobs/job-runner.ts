import { setTimeout as delay } from 'node:timers/promises'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { DeviceSlot } from '../devices/device-slots.ts'
import { isAway } from '../while-away.ts'
import { adoptPlanes } from './attempt-folders.ts'
import type { JobMoves } from './job-moves.ts'
import type { JobRecord } from './job-repository.ts'
import { JobRun, type JobRunNeeds, type JobRunnerLog } from './job-run.ts'
import type { JobService } from './job-service.ts'
import { isFinished, RUNNING } from './job-state.ts'
import { MemoryWatch } from './memory-watch.ts'
import { prepareRun } from './prepare-run.ts'
import { RestingSlots } from './resting-slots.ts'
import type { WorkerLauncher } from './worker-launcher.ts'

/** A job whose server is lost this often is given up: it may be the reason, although servers end for others, too. */
const MOST_SERVER_LOSSES = 5

/**
 * Takes queued jobs in order and runs each in a worker of its own, one job per device slot.
 * Slots are free → busy with one attempt → free again when the worker's process is gone, or resting where the device
 * cannot be used. A rest's end is noticed with the next renewal of leases.
 */
export class JobRunner {
  private readonly running = new Map<string, JobRun>()
  private readonly stopping = new AbortController()
  private watch: NodeJS.Timeout | undefined
  private isLooking = false
  private mustLookAgain = false
  private readonly service: JobService
  private readonly moves: JobMoves
  private readonly launcher: WorkerLauncher
  private readonly log: JobRunnerLog
  private readonly programVersion: string
  private readonly runnerId: string
  private readonly runNeeds: JobRunNeeds
  private readonly resting: RestingSlots
  private readonly memoryWatch: MemoryWatch
  private heartbeat: NodeJS.Timeout | undefined

  /**
   * @param runnerId name of this server in the database; the same after it was started again
   * @param ownBytes memory that the server holds beside its workers; null where that cannot be told
   */
  constructor(
    service: JobService,
    launcher: WorkerLauncher,
    log: JobRunnerLog,
    programVersion: string,
    runnerId: string,
    ownBytes: () => Promise<number | null> = async () => null,
  ) {
    this.service = service
    this.moves = service.moves
    this.launcher = launcher
    this.log = log
    this.programVersion = programVersion
    this.runnerId = runnerId
    const { jobs, events, config } = service.needs
    this.resting = new RestingSlots(config.devices.map(({ deviceId }) => deviceId))
    const runs = () => this.running.values()
    this.memoryWatch = new MemoryWatch({ runs, ownBytes, limitBytes: config.memoryLimitBytes })
    const goesElsewhere = (record: JobRecord) => this.goesElsewhere(record)
    this.runNeeds = { moves: this.moves, jobs, events, log, stopping: this.stopping.signal, goesElsewhere }
    this.moves.onQueued = () => void this.look()
    service.onCancel = (jobId) => this.runOf(jobId)?.cancel()
    service.onPause = (jobId) => this.runOf(jobId)?.pause()
  }

  private get hangMs(): number {
    return this.service.needs.config.hangSeconds * 1000
  }

  /** Queues again what a former process left running, then starts to work. */
  async start(): Promise<void> {
    await this.takeBackLost(({ claimedBy }) => claimedBy === null || claimedBy === this.runnerId)
    const limitMs = this.limitMs || Number.POSITIVE_INFINITY
    this.watch = setInterval(() => this.endStuck(), Math.min(5_000, this.hangMs / 4, limitMs / 4))
    this.watch.unref()
    this.heartbeat = setInterval(() => void this.beat(), this.leaseMs / 3)
    this.heartbeat.unref()
    this.memoryWatch.start()
    await this.look()
  }

  /** Takes no more jobs and lets running ones finish their tile; after `graceMs` workers are ended. All go back on the queue. */
  async stop(graceMs = 0): Promise<void> {
    this.stopping.abort()
    clearInterval(this.watch)
    clearInterval(this.heartbeat)
    this.memoryWatch.stop()
    if (graceMs > 0) await this.handBack(graceMs)
    for (const run of this.running.values()) {
      // A job that has failed or was canceled stays so, although its worker is not gone yet.
      if (run.isSettled) run.dismiss()
      // Where the database is away, the next start finds the job running and queues it again.
      else await run.abandon().catch((error) => this.log.error({ err: error }, 'job not handed back'))
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
      await this.forgetEnded()
      await this.look()
    } catch (error) {
      this.log.error({ err: error }, 'leases could not be renewed')
    }
  }

  /** A job that was to be tried on a second slot may have been canceled, or have ended otherwise. */
  private async forgetEnded(): Promise<void> {
    for (const jobId of this.resting.jobs) {
      const record = await this.service.needs.jobs.find(jobId)
      if (!record || isFinished(record.state)) this.resting.forget(jobId)
    }
  }

  private async renew(run: JobRun): Promise<void> {
    const { jobId, attempt } = run.record
    if (run.isSettled || !run.isClaimed) return
    if (await this.service.needs.jobs.renewLease(jobId, attempt, this.runnerId, this.leaseEnd())) return
    if (run.isSettled) return
    this.log.error({ job_id: jobId, attempt }, 'job was taken over by another server')
    run.dismiss()
    await this.moves.removeAttempts(jobId, attempt)
  }

  /** Jobs that nobody runs any more are queued again, or fail with the reason when that has happened too often. */
  private async takeBackLost(isLost: (record: JobRecord) => boolean): Promise<void> {
    const here = new Set([...this.running.values()].map(({ record }) => record.jobId))
    for (const record of await this.service.needs.jobs.withState(RUNNING)) {
      if (here.has(record.jobId) || !isLost(record)) continue
      const { jobId, attempt } = record
      const times = record.losses + 1
      this.log.info({ job_id: jobId, attempt, times }, 'job was lost with its server')
      if (times < MOST_SERVER_LOSSES) await this.moves.requeue(record, times)
      else {
        await this.moves.fail(jobId, attempt, new DomainError('server_lost', { times }).toEnvelope())
        await this.moves.removeAttempts(jobId, attempt)
      }
    }
  }

  private async handBack(graceMs: number): Promise<void> {
    const runs = [...this.running.values()]
    for (const run of runs) run.handBack()
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
        await this.moves.tellPlaces()
      } while (this.mustLookAgain)
    } catch (error) {
      this.log.error({ err: error }, 'the queue could not be read')
    } finally {
      this.isLooking = false
    }
  }

  private async fillSlots(): Promise<void> {
    this.moves.queue.heldForMemory = null
    for (const slot of this.service.needs.config.devices) {
      if (this.stopping.signal.aborted) return
      if (this.running.has(slot.deviceId) || this.resting.isResting(slot.deviceId)) continue
      const next = await this.moves.queue.next((one) => !this.moves.isUnrecorded(one.jobId))
      if (!next) return
      if (!this.hasMemoryFor(next)) {
        // Smaller jobs behind it wait, too: where they passed it, its turn might never come.
        this.moves.queue.heldForMemory = next.jobId
        return
      }
      await this.begin(next, slot)
    }
  }

  /** Whether a job fits beside those that run here. Alone it may always run: it was accepted. */
  private hasMemoryFor(job: JobRecord): boolean {
    const running = [...this.running.values()].map(({ record }) => record)
    if (running.length === 0) return true
    const needed = [job, ...running].reduce((sum, { memory }) => sum + (memory?.total_bytes ?? 0), 0)
    return needed <= this.service.needs.config.memoryLimitBytes
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
      const run = new JobRun(this.runNeeds, { ...queued, ...change }, worker)
      this.running.set(slot.deviceId, run)
      void run.gone.then(() => this.free(slot, run))
      if (!(await this.moves.move(jobId, attempt, 'running', change))) return run.dismiss()
      await this.adopt(jobId, attempt)
      run.begin(description)
      this.log.info({ job_id: jobId, attempt, device: slot.deviceId }, 'job started')
    } catch (error) {
      this.runOf(jobId)?.dismiss()
      // It stays queued, and is found again when the database is back.
      if (isAway(error)) return
      const problem = error instanceof DomainError ? error : new DomainError('internal', { cause: error })
      this.log.error({ err: error, job_id: jobId }, 'job could not be started')
      await this.moves.fail(jobId, attempt, problem.toEnvelope())
      this.mustLookAgain = true
    }
  }

  /** Where a folder cannot be moved, as one that a scanner for viruses looks through, the job begins anew. */
  private async adopt(jobId: string, attempt: number): Promise<void> {
    await adoptPlanes(this.moves.jobFolder(jobId), attempt).catch((error) =>
      this.log.error({ err: error, job_id: jobId, attempt }, 'planes of earlier attempts could not be taken over'),
    )
  }

  private async free(slot: DeviceSlot, run: JobRun): Promise<void> {
    if (this.running.get(slot.deviceId) === run) this.running.delete(slot.deviceId)
    if (run.hasWorked) {
      this.resting.worked(slot.deviceId)
      this.resting.forget(run.record.jobId)
    }
    await this.look()
  }

  private goesElsewhere({ jobId, attempt, device }: JobRecord): boolean {
    const restMs = device === null ? null : this.resting.failed(device, jobId)
    if (restMs === null) return false
    const facts = { job_id: jobId, attempt, device, rest_seconds: restMs / 1000 }
    this.log.error(facts, 'device cannot be used: it rests, and its job goes to another')
    return true
  }

  private runOf(jobId: string): JobRun | undefined {
    return [...this.running.values()].find(({ record }) => record.jobId === jobId)
  }

  private endStuck(): void {
    const { hangSeconds, jobHours } = this.service.needs.config
    for (const run of this.running.values()) {
      run.endWhenLate(jobHours)
      run.endWhenSilent(hangSeconds * 1000)
    }
  }
}
