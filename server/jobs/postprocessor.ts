import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import type { PostprocessRequest } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { TurnQueue } from '../../shared/node/turn-queue.ts'
import type { PostprocessOutcome, WrittenArtifact } from '../inference/messages.ts'
import { JoinedWork } from '../joined-work.ts'
import type { JobRecord } from './job-repository.ts'
import type { JobService } from './job-service.ts'
import { postprocessInWorker } from './postprocess-worker.ts'
import { maskBytes } from './result-quota.ts'
import type { WorkerLauncher } from './worker-launcher.ts'

/** Names of files of earlier requests. */
const EARLIER = /^postprocessed_[0-9a-f]{12}\./

/** Workers that run at once: beside the jobs, on the processor's cores, each for seconds. */
const MOST_AT_ONCE = 2

/** No mask takes this long: 10 GB take minutes. Where jobs have a shorter limit, that holds. */
const MOST_HOURS = 1

/**
 * Makes other masks of finished jobs, each in a process of its own, one at a time for a job. Who asks again for the same
 * one gets it as well, without a second worker.
 */
export class Postprocessor {
  private readonly asked = new JoinedWork<PostprocessOutcome>()
  /** What goes on for each job. */
  private readonly running = new Map<string, Promise<unknown>>()
  private readonly turns = new TurnQueue(MOST_AT_ONCE)
  private readonly service: JobService
  private readonly launcher: WorkerLauncher

  constructor(service: JobService, launcher: WorkerLauncher) {
    this.service = service
    this.launcher = launcher
  }

  /**
   * @throws {DomainError} `job_not_found`, `not_owner`, `job_state`, `request_invalid`, `volume_not_found`,
   *   `probability_not_kept`, `quota_exceeded`, `worker_lost`, `job_time_limit`
   */
  async make(owner: string, jobId: string, params: PostprocessRequest): Promise<PostprocessOutcome> {
    // Before anything is joined, which may be another's.
    await this.service.findOwn(owner, jobId)
    return this.asked.run(`${jobId} ${nameOf(params)}`, () => this.afterOthers(owner, jobId, params))
  }

  private async afterOthers(owner: string, jobId: string, params: PostprocessRequest): Promise<PostprocessOutcome> {
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
    checkLabels(params, record)
    const isKept = before.some(({ name }) => name.startsWith('probability.'))
    if (params.threshold !== undefined && !isKept) throw new DomainError('probability_not_kept', { jobId })
    const folder = this.service.moves.attemptFolder(jobId, record.attempt)
    const known = await madeBefore(folder, nameOf(params), before)
    if (known) return known
    await this.checkRoom(record, before)
    const outcome = await this.turns.take(() => this.inWorker(owner, record, params, before))
    await needs.jobs.replaceArtifacts(jobId, record.attempt, (one) => EARLIER.test(one), outcome.artifacts)
    const made = new Set(outcome.artifacts.map((one) => one.name))
    const gone = before.filter((one) => EARLIER.test(one.name) && !made.has(one.name))
    for (const one of gone) await rm(path.join(folder, one.name), { force: true })
    return outcome
  }

  /** The new mask takes the place of the one that was made before. */
  private async checkRoom(record: JobRecord, before: readonly WrittenArtifact[]): Promise<void> {
    const { quota, needs } = this.service
    const freed = before.filter((one) => EARLIER.test(one.name)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const bytes = async () => {
      const { header } = await needs.volumes.get(record.owner, record.volumeId)
      return maskBytes(Object.keys(record.result?.labels ?? {}).map(Number), header) - freed
    }
    await quota.admit(record.owner, bytes, async () => undefined)
  }

  private async inWorker(
    owner: string,
    record: JobRecord,
    params: PostprocessRequest,
    before: readonly WrittenArtifact[],
  ): Promise<PostprocessOutcome> {
    const { volumes, config } = this.service.needs
    const { path: file, filename, sha256, mode0 } = await volumes.get(owner, record.volumeId)
    const volume = { path: file, filename, sha256, ...(mode0 ? { mode0 } : {}) }
    const name = nameOf(params)
    const folder = this.service.moves.attemptFolder(record.jobId, record.attempt)
    const labelValues = Object.keys(record.result?.labels ?? {}).map(Number)
    const hours = Math.min(config.jobHours || MOST_HOURS, MOST_HOURS)
    const limits = { silentMs: config.hangSeconds * 1000, totalMs: hours * 3600_000 }
    try {
      return await postprocessInWorker(this.launcher, { volume, folder, name, params, labelValues }, limits)
    } catch (error) {
      await removeUnrecorded(folder, name, before)
      throw error
    }
  }
}

/** @throws {DomainError} `request_invalid` where a label is named that the mask cannot have */
function checkLabels({ keep_largest: asked = [] }: PostprocessRequest, { result }: JobRecord): void {
  const labels = Object.keys(result?.labels ?? {}).filter((value) => value !== '0')
  const wrong = asked.find((value) => !labels.includes(String(value)))
  if (wrong === undefined) return
  const reason = `keep_largest names label ${wrong}, which the model does not have (its labels: ${labels.join(', ')})`
  throw new DomainError('request_invalid', { reason, hint: 'Name labels of the model.' })
}

/** Equal for equal wishes. */
function nameOf(params: PostprocessRequest): string {
  return `postprocessed_${createHash('sha256').update(JSON.stringify(params)).digest('hex').slice(0, 12)}`
}

/** What was made for the same wish and is there still, or null. */
async function madeBefore(
  folder: string,
  name: string,
  recorded: readonly WrittenArtifact[],
): Promise<PostprocessOutcome | null> {
  const artifacts = recorded.filter((one) => one.name.startsWith(`${name}.`))
  const report = artifacts.find((one) => one.name === `${name}.json`)
  const text = report && (await readFile(path.join(folder, report.name), 'utf8').catch(() => null))
  if (!text) return null
  const { labels, mask_sha256: maskSha256 } = JSON.parse(text)
  return { labels, maskSha256, artifacts }
}

/** What a worker that was ended left of its files. */
async function removeUnrecorded(folder: string, name: string, recorded: readonly WrittenArtifact[]): Promise<void> {
  const known = new Set(recorded.map((one) => one.name))
  for (const file of await readdir(folder).catch(() => []))
    if (file.startsWith(`${name}.`) && !known.has(file)) await rm(path.join(folder, file), { force: true })
}
