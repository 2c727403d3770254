import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { PostprocessRequest } from '../../shared/contract/jobs.ts'
import { DomainError, errorFromEnvelope } from '../../shared/errors/domain-error.ts'
import type { PostprocessOutcome, PostprocessTask } from '../inference/messages.ts'
import type { JobService } from './job-service.ts'
import type { WorkerLauncher } from './worker-launcher.ts'

/** Names of files of earlier requests. */
const EARLIER = /^postprocessed_[0-9a-f]{12}\./

/** Workers that run at once: beside the jobs, on the processor's cores, each for seconds. */
const MOST_AT_ONCE = 2

/** Makes other masks of finished jobs, each in a process of its own, one at a time for a job. */
export class Postprocessor {
  private readonly running = new Map<string, Promise<unknown>>()
  /** Who waits for one of the places. */
  private readonly waiting: (() => void)[] = []
  private numRunning = 0
  private readonly service: JobService
  private readonly launcher: WorkerLauncher

  constructor(service: JobService, launcher: WorkerLauncher) {
    this.service = service
    this.launcher = launcher
  }

  /** @throws {DomainError} `job_not_found`, `job_state`, `volume_not_found`, `probability_not_kept`, `worker_lost` */
  async make(owner: string, jobId: string, params: PostprocessRequest): Promise<PostprocessOutcome> {
    const before = this.running.get(jobId) ?? Promise.resolve()
    const mine = before.catch(() => undefined).then(() => this.run(owner, jobId, params))
    this.running.set(jobId, mine)
    try {
      return await mine
    } finally {
      if (this.running.get(jobId) === mine) this.running.delete(jobId)
    }
  }

  private async run(owner: string, jobId: string, params: PostprocessRequest): Promise<PostprocessOutcome> {
    const { needs } = this.service
    const record = await this.service.findOwn(owner, jobId)
    const before = await needs.jobs.artifacts(jobId)
    if (record.state !== 'completed' || before.length === 0)
      throw new DomainError('job_state', { state: record.state, action: 'another mask' })
    const isKept = before.some(({ name }) => name.startsWith('probability.'))
    if (params.threshold !== undefined && !isKept) throw new DomainError('probability_not_kept', { jobId })
    const { path: file, filename, sha256, mode0 } = await needs.volumes.get(owner, record.volumeId)
    const name = `postprocessed_${createHash('sha256').update(JSON.stringify(params)).digest('hex').slice(0, 12)}`
    const folder = this.service.moves.attemptFolder(jobId, record.attempt)
    const labelValues = Object.keys(record.result?.labels ?? {}).map(Number)
    const volume = { path: file, filename, sha256, ...(mode0 ? { mode0 } : {}) }
    const outcome = await this.inTurn({ volume, folder, name, params, labelValues })
    await needs.jobs.replaceArtifacts(jobId, record.attempt, (one) => EARLIER.test(one), outcome.artifacts)
    const gone = before.filter((one) => EARLIER.test(one.name) && !one.name.startsWith(`${name}.`))
    for (const one of gone) await rm(path.join(folder, one.name), { force: true })
    return outcome
  }

  /** As soon as fewer than the most run at once. */
  private async inTurn(task: PostprocessTask): Promise<PostprocessOutcome> {
    if (this.numRunning >= MOST_AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve))
    else this.numRunning++
    try {
      return await this.inWorker(task)
    } finally {
      const next = this.waiting.shift()
      if (next) next()
      else this.numRunning--
    }
  }

  private async inWorker(task: PostprocessTask): Promise<PostprocessOutcome> {
    const worker = await this.launcher.launch({})
    return new Promise((resolve, reject) => {
      worker.onMessage((message) => {
        if (message.type === 'ready') worker.send({ type: 'postprocess', task })
        else if (message.type === 'postprocessed') resolve(message.outcome)
        else if (message.type === 'failed') reject(errorFromEnvelope(message.error))
      })
      worker.onExit(({ reason }) => reject(new DomainError('worker_lost', { reason })))
    })
  }
}
