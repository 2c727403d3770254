import { constants } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { CryoMambaClient, Preview } from '../../shared/client/api.ts'
import type { UploadStore } from '../../shared/client/upload-store.ts'
import type { Artifact, Job } from '../../shared/contract/jobs.ts'
import type { Volume } from '../../shared/contract/volumes.ts'
import { DomainError, errorFromEnvelope } from '../../shared/errors/domain-error.ts'
import type { Run } from './run-record.ts'
import type { RunEvent } from './run-state.ts'
import { openRunUpload } from './run-upload.ts'
import { noteIdentity } from './run-volumes.ts'
import { volumeBaseName } from './volume-name.ts'

/** What a course tells of its run. */
export interface CourseDeps {
  /** The folder that files of the run lie in. */
  folder: string
  /** Where unfinished uploads are remembered between starts. */
  uploads: UploadStore
  apply: (event: RunEvent) => void
  /** The run's job or mask file has changed. */
  onKept: () => void
  onPreview: (preview: Preview) => void
}

/**
 * Carries a run from where it stands to its mask: volume, job, previews, files.
 * @throws {DomainError} what the server says, `file_*`, `canceled`, `worker_lost`
 */
export async function carryThrough(run: Run, client: CryoMambaClient, deps: CourseDeps): Promise<void> {
  const { signal } = run.stop
  await client.info(signal) // a server that is gone is found before the file is read
  const job = await jobOf(run, client, deps)
  if (run.view.is_canceling) await client.cancelJob(job.job_id)
  const ended = await client.watchJob(job.job_id, {
    signal,
    onFrame: (frame) => deps.apply({ type: 'frame', frame }),
    onPreview: (preview) => {
      deps.apply({ type: 'preview', header: preview.header })
      deps.onPreview(preview)
    },
    onConnection: (state) => deps.apply({ type: 'connection', state }),
  })
  if (ended.state === 'canceled') return deps.apply({ type: 'canceled' })
  if (ended.state !== 'completed')
    throw ended.error ? errorFromEnvelope(ended.error) : new DomainError('worker_lost', { reason: ended.state })
  deps.apply({ type: 'fetching', job: ended })
  run.maskFile = await fetchMask(run, client, deps.folder)
  deps.onKept()
  if (run.saveTo) deps.apply({ type: 'saved', name: await saveBeside(run.maskFile, run.view.volume_name, run.saveTo) })
  deps.apply({ type: 'completed' })
}

/**
 * A file of a run's finished job: the first of the names that there is. The server is asked once for what there is, and
 * again only where it was asked before the file was made; links that have expired are renewed by the download.
 * @throws {DomainError} `run_not_found`, `artifact_not_found`
 */
export async function artifactNamed(run: Run, client: CryoMambaClient, names: readonly string[]): Promise<Artifact> {
  const before = run.artifacts
  let artifact = firstNamed(await artifactsOf(run, client), names)
  if (!artifact && before) {
    run.artifacts = null
    artifact = firstNamed(await artifactsOf(run, client), names)
  }
  if (!artifact) throw new DomainError('artifact_not_found', { name: names[0] })
  return artifact
}

async function artifactsOf(run: Run, client: CryoMambaClient): Promise<Artifact[]> {
  if (!run.jobId) throw new DomainError('run_not_found')
  run.artifacts ??= client.artifacts(run.jobId)
  const asked = run.artifacts
  try {
    return await asked
  } catch (error) {
    if (run.artifacts === asked) run.artifacts = null
    throw error
  }
}

function firstNamed(artifacts: readonly Artifact[], names: readonly string[]): Artifact | undefined {
  return names.flatMap((name) => artifacts.find((one) => one.name === name) ?? [])[0]
}

/** The run's job: the one it has, begun again where it failed, or a new one. */
async function jobOf(run: Run, client: CryoMambaClient, deps: CourseDeps): Promise<Job> {
  const known = run.jobId ? await jobAgain(client, run.jobId, run.isRetry) : null
  const job = known ?? (await newJob(run, client, deps))
  run.jobId = job.job_id
  deps.apply({ type: 'job', job })
  deps.onKept()
  return job
}

/** Null where the job cannot be gone on with, because it or its volume is no longer there. */
async function jobAgain(client: CryoMambaClient, jobId: string, isRetry: boolean): Promise<Job | null> {
  try {
    const job = await client.job(jobId)
    const hasStopped = job.state === 'failed' || job.state === 'canceled'
    if (isRetry && job.state === 'paused') return await client.resumeJob(jobId)
    return isRetry && hasStopped ? await client.retryJob(jobId) : job
  } catch (error) {
    const isGone = error instanceof DomainError && ['job_not_found', 'volume_not_found'].includes(error.code)
    if (isGone) return null
    throw error
  }
}

async function newJob(run: Run, client: CryoMambaClient, deps: CourseDeps): Promise<Job> {
  const { signal } = run.stop
  await noteIdentity(run)
  const volume = run.serverPath ? await client.volumeFromPath(run.serverPath, signal) : await upload(run, client, deps)
  if (run.serverPath) checkSameShape(run, volume)
  deps.apply({ type: 'volume', volume })
  signal.throwIfAborted()
  const { model_id: model, params } = run.view
  return client.createJob({ volume_id: volume.volume_id, model, params, preview: { enabled: true } })
}

/** A path that the server sees must lead to the volume that is open here, or its mask could not lie over it. */
function checkSameShape({ view, serverPath }: Run, volume: Volume): void {
  const shape = view.shape_zyx
  if (shape && shape.join() !== volume.shape_zyx.join())
    throw new DomainError('volumes_not_on_one_grid', {
      first: view.volume_name,
      other: path.posix.basename(serverPath ?? ''),
      reason: `${shape.join(' × ')} and ${volume.shape_zyx.join(' × ')} voxels`,
    })
}

async function upload(run: Run, client: CryoMambaClient, deps: CourseDeps): Promise<Volume> {
  if (!run.file) throw new DomainError('file_not_found', { path: run.view.volume_name })
  const { source, modifiedMs, isUnchanged } = await openRunUpload(run.file, run.mode0)
  try {
    return await client.upload(source, {
      filename: source.name,
      modifiedMs,
      isUnchanged,
      remember: { path: run.file, store: deps.uploads },
      ...(run.mode0 ? { metadata: { mode0: run.mode0 } } : {}),
      signal: run.stop.signal,
      onProgress: (progress) => deps.apply({ type: 'upload', progress }),
    })
  } finally {
    await source.close()
  }
}

async function fetchMask(run: Run, client: CryoMambaClient, folder: string): Promise<string> {
  run.artifacts = null // of an attempt before
  const artifact = await artifactNamed(run, client, ['mask.mrc'])
  await mkdir(folder, { recursive: true })
  const file = path.join(folder, 'mask.mrc')
  await client.downloadArtifact(artifact, file, { signal: run.stop.signal })
  return file
}

/** Never over a file that is there: the name gets a number then. @returns the name it was saved under */
export async function saveBeside(mask: string, volumeName: string, folder: string): Promise<string> {
  const base = volumeBaseName(volumeName)
  for (let number = 1; ; number++) {
    const name = number === 1 ? `${base}_mask.mrc` : `${base}_mask-${number}.mrc`
    try {
      await copyFile(mask, path.join(folder, name), constants.COPYFILE_EXCL)
      return name
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code !== 'EEXIST') throw new DomainError('file_unwritable', { path: name, reason: code ?? 'unknown', cause })
    }
  }
}
