import type { UploadProgress } from '../../shared/client/api.ts'
import type { RunView } from '../../shared/contract/bridge.ts'
import type { Job } from '../../shared/contract/jobs.ts'
import type { LiveFrame, PreviewHeader } from '../../shared/contract/live.ts'
import type { ModelSummary } from '../../shared/contract/models.ts'
import type { ProblemEnvelope } from '../../shared/errors/domain-error.ts'

/**
 * What happens to a run, one pure function per event:
 * preparing → uploading → queued → running → fetching → completed, and from anywhere before that → failed | canceled.
 * A run that has ended does not change any more.
 */
export type RunEvent =
  | { type: 'upload'; progress: UploadProgress }
  | { type: 'job'; job: Job }
  | { type: 'frame'; frame: LiveFrame }
  | { type: 'preview'; header: PreviewHeader }
  | { type: 'connection'; state: 'open' | 'lost' }
  | { type: 'canceling' }
  | { type: 'fetching'; job: Job }
  | { type: 'completed' }
  | { type: 'failed'; problem: ProblemEnvelope }
  | { type: 'canceled' }

export interface RunStart {
  runRef: string
  volumeRef: string
  volumeName: string
  model: ModelSummary
  serverName: string
}

export function startedRun({ runRef, volumeRef, volumeName, model, serverName }: RunStart): RunView {
  return {
    run_ref: runRef,
    volume_ref: volumeRef,
    volume_name: volumeName,
    model_id: model.id,
    model_name: model.name,
    server_name: serverName,
    phase: 'preparing',
    is_canceling: false,
    is_connection_lost: false,
    attempt: 1,
    upload: null,
    progress: null,
    num_previews: 0,
    coverage: 0,
    labels: model.labels.filter((label) => label.value !== 0).map((label) => ({ ...label, voxels: null })),
    result: null,
    warnings: [],
    problem: null,
  }
}

/** True once nothing more will happen to a run. */
export function hasEnded(run: RunView): boolean {
  return run.phase === 'completed' || run.phase === 'failed' || run.phase === 'canceled'
}

/** The run after an event; the same object when the event changes nothing. */
export function nextRun(run: RunView, event: RunEvent): RunView {
  if (hasEnded(run)) return run
  switch (event.type) {
    case 'upload':
      return { ...run, phase: 'uploading', upload: uploadFacts(event.progress) }
    case 'job':
      return withJob(run, event.job)
    case 'frame':
      return withFrame(run, event.frame)
    case 'preview':
      return { ...run, num_previews: run.num_previews + 1, coverage: event.header.coverage }
    case 'connection':
      return { ...run, is_connection_lost: event.state === 'lost' }
    case 'canceling':
      return { ...run, is_canceling: true }
    case 'fetching':
      return { ...withJob(run, event.job), phase: 'fetching', is_connection_lost: false }
    case 'completed':
      return { ...run, phase: 'completed', is_canceling: false, coverage: 1 }
    case 'failed':
      return { ...run, phase: 'failed', is_canceling: false, problem: event.problem }
    case 'canceled':
      return { ...run, phase: 'canceled', is_canceling: false }
  }
}

function uploadFacts(progress: UploadProgress): RunView['upload'] {
  return {
    phase: progress.phase,
    sent_bytes: progress.sentBytes,
    total_bytes: progress.totalBytes,
    bytes_per_second: progress.bytesPerSecond,
    seconds_left: progress.secondsLeft,
    is_retrying: progress.isRetrying,
  }
}

function withJob(run: RunView, job: Job): RunView {
  const counted = run.labels.map((label) => ({ ...label, voxels: job.result?.labels[String(label.value)] ?? null }))
  return {
    ...run,
    phase: job.state === 'queued' ? 'queued' : 'running',
    attempt: job.attempt,
    progress: job.progress,
    warnings: job.warnings,
    result: job.result,
    labels: job.result ? counted.map((label) => ({ ...label, voxels: label.voxels ?? 0 })) : counted,
  }
}

function withFrame(run: RunView, frame: LiveFrame): RunView {
  if (frame.type === 'progress') return { ...run, progress: frame.data, is_connection_lost: false }
  if (frame.type !== 'state') return run
  const isNewAttempt = frame.data.attempt !== run.attempt
  return {
    ...run,
    phase: frame.data.state === 'queued' ? 'queued' : 'running',
    attempt: frame.data.attempt,
    num_previews: isNewAttempt ? 0 : run.num_previews,
    coverage: isNewAttempt ? 0 : run.coverage,
  }
}
