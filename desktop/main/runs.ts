import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { CryoMambaClient, Preview } from '../../shared/client/api.ts'
import type { Mode0, OpenedVolume, RunView } from '../../shared/contract/bridge.ts'
import type { Artifact, Job } from '../../shared/contract/jobs.ts'
import type { Volume } from '../../shared/contract/volumes.ts'
import { DomainError, envelopeOf, errorFromEnvelope } from '../../shared/errors/domain-error.ts'
import type { Connections } from './connections.ts'
import { openFileBytes } from './file-bytes.ts'
import { hasEnded, nextRun, type RunEvent, startedRun } from './run-state.ts'
import type { VolumeHost } from './volume-host.ts'

// A server confirms a cancel within a tile; after this the run ends here all the same.
const CANCEL_TIMEOUT_MS = 20_000

export interface RunDeps {
  connections: Connections
  volumes: VolumeHost
  /** Masks lie here, one folder a run. */
  resultsFolder: string
  onChange: (run: RunView) => void
  newRef: () => string
}

interface Run {
  view: RunView
  readonly file: string
  readonly mode0: Mode0 | null
  readonly client: CryoMambaClient
  readonly stop: AbortController
  jobId: string | null
  maskFile: string | null
}

/**
 * Runs of models on volumes, one at a time: upload, job, previews, mask. The newest run is kept with its mask until
 * it is dismissed or replaced; every change is announced as a whole snapshot, and none after the run has ended.
 */
export class Runs {
  private readonly deps: RunDeps
  private current: Run | null = null

  constructor(deps: RunDeps) {
    this.deps = deps
  }

  get isBusy(): boolean {
    return this.current !== null && !hasEnded(this.current.view)
  }

  /** The newest run, until it is dismissed. */
  get newest(): RunView | null {
    return this.current?.view ?? null
  }

  /** @throws {DomainError} `run_in_progress`, `not_connected`, `model_not_found` */
  start(volume: OpenedVolume, file: string, modelId: string): void {
    if (this.current && this.isBusy) throw new DomainError('run_in_progress', { name: this.current.view.volume_name })
    const { client, connection } = this.deps.connections.current
    const model = connection.models.find((one) => one.id === modelId)
    if (!model) throw new DomainError('model_not_found', { model: modelId })
    const runRef = this.deps.newRef()
    const serverName = connection.kind === 'local' ? 'this computer' : connection.url
    const view = startedRun({ runRef, volumeRef: volume.volume_ref, volumeName: volume.name, model, serverName })
    this.forget()
    this.current = { view, file, mode0: volume.mode0, client, stop: new AbortController(), jobId: null, maskFile: null }
    this.deps.onChange(view)
    void this.deps.volumes.clearLabels(volume.volume_ref).catch(() => undefined)
    void this.carryThrough(this.current)
  }

  /** Ends a run; a job on the server is canceled there. @throws {DomainError} `run_not_found` */
  async cancel(runRef: string): Promise<void> {
    const run = this.find(runRef)
    if (hasEnded(run.view)) return
    this.apply(run, { type: 'canceling' })
    if (!run.jobId) return run.stop.abort()
    setTimeout(() => run.stop.abort(), CANCEL_TIMEOUT_MS).unref()
    await run.client.cancelJob(run.jobId).catch((error) => {
      run.stop.abort()
      throw error
    })
  }

  /** Removes an ended run and what it shows. @throws {DomainError} `run_not_found` */
  async dismiss(runRef: string): Promise<void> {
    const run = this.find(runRef)
    if (!hasEnded(run.view)) return
    this.forget()
    await this.deps.volumes.clearLabels(run.view.volume_ref)
  }

  /** A finished run's artifact and the client that can download it. @throws {DomainError} `run_not_found` */
  async artifact(runRef: string, name: string): Promise<{ artifact: Artifact; client: CryoMambaClient }> {
    const run = this.find(runRef)
    if (!run.jobId || run.view.phase !== 'completed') throw new DomainError('run_not_found')
    return { artifact: await artifactNamed(run.client, run.jobId, name), client: run.client }
  }

  /** A finished run and the file of its mask. @throws {DomainError} `run_not_found` */
  finishedMask(runRef: string): { view: RunView; file: string } {
    const { view, maskFile } = this.find(runRef)
    if (!maskFile) throw new DomainError('run_not_found')
    return { view, file: maskFile }
  }

  /** Where files of a run lie as long as it is known. */
  folderOf(runRef: string): string {
    return path.join(this.deps.resultsFolder, runRef)
  }

  view(runRef: string): RunView {
    return this.find(runRef).view
  }

  /** A file that is opened again gets the mask of its last run back. */
  async volumeOpened(volume: OpenedVolume, file: string): Promise<void> {
    const run = this.current
    if (!run || run.file !== file || run.mode0 !== volume.mode0) return
    run.view = { ...run.view, volume_ref: volume.volume_ref }
    this.deps.onChange(run.view)
    if (run.maskFile) await this.deps.volumes.showMask(volume.volume_ref, run.view.run_ref, run.maskFile)
  }

  /** Leaves jobs on servers running, but stops watching them. */
  stop(): void {
    this.current?.stop.abort()
  }

  private find(runRef: string): Run {
    if (this.current?.view.run_ref !== runRef) throw new DomainError('run_not_found')
    return this.current
  }

  private forget(): void {
    const run = this.current
    this.current = null
    if (run?.maskFile) void rm(path.dirname(run.maskFile), { recursive: true, force: true })
  }

  private apply(run: Run, event: RunEvent): void {
    const next = nextRun(run.view, event)
    if (next === run.view) return
    run.view = next
    if (this.current === run) this.deps.onChange(next)
  }

  private async carryThrough(run: Run): Promise<void> {
    try {
      await run.client.info(run.stop.signal) // a server that is gone is found before the file is read
      const volume = await this.upload(run)
      const job = await this.watch(run, volume)
      if (job.state === 'canceled') return this.end(run, { type: 'canceled' })
      if (job.state !== 'completed')
        throw job.error ? errorFromEnvelope(job.error) : new DomainError('worker_lost', { reason: job.state })
      await this.fetchMask(run, job)
      this.apply(run, { type: 'completed' })
    } catch (error) {
      if (!(error instanceof DomainError) && !run.stop.signal.aborted) console.error(error)
      const wasCanceled = run.stop.signal.aborted
      this.end(run, wasCanceled ? { type: 'canceled' } : { type: 'failed', problem: envelopeOf(error) })
    }
  }

  /** A run that did not finish leaves nothing over the volume. */
  private end(run: Run, event: RunEvent): void {
    this.apply(run, event)
    if (this.current === run) void this.deps.volumes.clearLabels(run.view.volume_ref).catch(() => undefined)
  }

  private async upload(run: Run): Promise<Volume> {
    const source = await openFileBytes(run.file)
    try {
      return await run.client.upload(source, {
        filename: source.name,
        modifiedMs: source.modifiedMs,
        ...(run.mode0 ? { metadata: { mode0: run.mode0 } } : {}),
        signal: run.stop.signal,
        onProgress: (progress) => this.apply(run, { type: 'upload', progress }),
      })
    } finally {
      await source.close()
    }
  }

  private async watch(run: Run, volume: Volume): Promise<Job> {
    run.stop.signal.throwIfAborted()
    const body = { volume_id: volume.volume_id, model: run.view.model_id, preview: { enabled: true } }
    const job = await run.client.createJob(body)
    run.jobId = job.job_id
    this.apply(run, { type: 'job', job })
    if (run.view.is_canceling) await run.client.cancelJob(job.job_id)
    return run.client.watchJob(job.job_id, {
      signal: run.stop.signal,
      onFrame: (frame) => this.apply(run, { type: 'frame', frame }),
      onPreview: (preview) => this.previewCame(run, preview),
      onConnection: (state) => this.apply(run, { type: 'connection', state }),
    })
  }

  private previewCame(run: Run, { header, voxels }: Preview): void {
    if (this.current !== run || hasEnded(run.view) || run.view.is_canceling) return
    this.apply(run, { type: 'preview', header })
    const { stage, factor, shape_zyx } = header
    this.deps.volumes
      .showPreview(run.view.volume_ref, run.view.run_ref, { stage, factor, shape_zyx, voxels })
      .catch((error) => console.error(error)) // the next preview, or the mask, comes all the same
  }

  private async fetchMask(run: Run, job: Job): Promise<void> {
    this.apply(run, { type: 'fetching', job })
    const artifact = await artifactNamed(run.client, job.job_id, 'mask.mrc')
    const folder = this.folderOf(run.view.run_ref)
    await mkdir(folder, { recursive: true })
    const file = path.join(folder, 'mask.mrc')
    await run.client.downloadArtifact(artifact, file, { signal: run.stop.signal })
    run.maskFile = file
    await this.deps.volumes.showMask(run.view.volume_ref, run.view.run_ref, file)
  }
}

async function artifactNamed(client: CryoMambaClient, jobId: string, name: string): Promise<Artifact> {
  const artifact = (await client.artifacts(jobId)).find((one) => one.name === name)
  if (!artifact) throw new DomainError('artifact_not_found', { name })
  return artifact
}
