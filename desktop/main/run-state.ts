import type { UploadProgress } from '../../shared/client/api.ts'
import type { RunView } from '../../shared/contract/bridge.ts'
import type { Job, JobParams } from '../../shared/contract/jobs.ts'
import type { LiveFrame, PreviewHeader } from '../../shared/contract/live.ts'
import type { ModelSummary } from '../../shared/contract/models.ts'
import type { Volume } from '../../shared/contract/volumes.ts'
import type { ProblemEnvelope } from '../../shared/errors/domain-error.ts'

/**
 * What happens to a run, one pure function per event:
 * preparing → uploading → queued → running → fetching → completed, and from anywhere before that → failed | canceled.
 * An upload and a job can be paused; a run whose server cannot be asked waits. Both, and one that failed or was canceled, are
 * taken up again at preparing. Beside that a run that has ended does not change any more.
 */
export type RunEvent =
  | { type: 'taken_up' }
  | { type: 'upload'; progress: UploadProgress }
  | { type: 'volume'; volume: Pick<Volume, 'shape_zyx' | 'voxel_size_zyx' | 'unit'> }
  | { type: 'job'; job: Job }
  | { type: 'frame'; frame: LiveFrame }
  | { type: 'preview'; header: PreviewHeader }
  | { type: 'connection'; state: 'open' | 'lost' }
  | { type: 'canceling' }
  /** The server was asked to put the job aside, or refused. */
  | { type: 'pausing'; isAsked: boolean }
  | { type: 'paused' }
  | { type: 'waiting'; problem: ProblemEnvelope }
  | { type: 'fetching'; job: Job }
  | { type: 'saved'; name: string }
  | { type: 'completed' }
  | { type: 'failed'; problem: ProblemEnvelope }
  | { type: 'canceled' }

export interface RunStart {
  runRef: string
  volumeRef: string
  volumeName: string
  model: Pick<ModelSummary, 'id' | 'name' | 'labels'>
  serverName: string
  /** Null: this computer. */
  serverUrl: string | null
  source: RunView['source']
  params: JobParams
  batchRef: string | null
  createdAt: string
}

export function startedRun({ model, ...start }: RunStart): RunView {
  return {
    run_ref: start.runRef,
    volume_ref: start.volumeRef,
    volume_name: start.volumeName,
    model_id: model.id,
    model_name: model.name,
    server_name: start.serverName,
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
    created_at: start.createdAt,
    server_url: start.serverUrl,
    source: start.source,
    params: start.params,
    log: [],
    batch_ref: start.batchRef,
    saved_as: null,
    shape_zyx: null,
    voxel_size_zyx: null,
    unit: null,
  }
}

/** True once nothing more will happen to a run. */
export function hasEnded(run: RunView): boolean {
  return run.phase === 'completed' || run.phase === 'failed' || run.phase === 'canceled'
}

/** True while something is being done about a run, here or on its server. */
export function isGoing(run: RunView): boolean {
  return !hasEnded(run) && run.phase !== 'paused' && run.phase !== 'waiting'
}

/** What a run that was stopped may still tell of the moment before; it does not go on by that. */
const OF_GOING: readonly RunEvent['type'][] = ['upload', 'job', 'frame', 'preview', 'connection', 'pausing']

/** The run after an event; the same object when the event changes nothing. */
export function nextRun(run: RunView, event: RunEvent): RunView {
  if (event.type === 'taken_up') return isGoing(run) || run.phase === 'completed' ? run : takenUp(run)
  if (hasEnded(run)) return run
  if (!isGoing(run) && OF_GOING.includes(event.type)) return run
  switch (event.type) {
    case 'upload':
      return { ...run, phase: 'uploading', upload: uploadFacts(event.progress) }
    case 'volume':
      return {
        ...run,
        shape_zyx: event.volume.shape_zyx,
        voxel_size_zyx: event.volume.voxel_size_zyx,
        unit: event.volume.unit,
      }
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
    case 'pausing':
      return { ...run, is_pausing: event.isAsked }
    case 'paused':
      return { ...run, phase: 'paused', is_connection_lost: false }
    case 'waiting':
      return { ...run, phase: 'waiting', is_canceling: false, is_connection_lost: false, problem: event.problem }
    case 'saved':
      return { ...run, saved_as: event.name }
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

function takenUp(run: RunView): RunView {
  return {
    ...run,
    phase: 'preparing',
    is_canceling: false,
    is_connection_lost: false,
    is_pausing: false,
    upload: null,
    progress: null,
    num_previews: 0,
    coverage: 0,
    labels: run.labels.map((label) => ({ ...label, voxels: null })),
    result: null,
    warnings: [],
    problem: null,
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

/**
 * A job that was put aside is nobody's to watch until it is resumed, unless it was canceled while it was: its end comes
 * then. An attempt that begins says that a pause of the one before was lost, with its server.
 */
function phaseOf(run: RunView, { state, attempt }: Pick<Job, 'state' | 'attempt'>): Partial<RunView> {
  if (state === 'paused') return run.is_canceling ? {} : { phase: 'paused', is_pausing: false }
  const isPausing = run.is_pausing && attempt === run.attempt
  return { phase: state === 'queued' ? 'queued' : 'running', is_pausing: isPausing }
}

function withJob(run: RunView, job: Job): RunView {
  const counted = run.labels.map((label) => ({ ...label, voxels: job.result?.labels[String(label.value)] ?? null }))
  return {
    ...run,
    ...phaseOf(run, job),
    attempt: job.attempt,
    progress: job.progress,
    warnings: job.warnings,
    result: job.result,
    labels: job.result ? counted.map((label) => ({ ...label, voxels: label.voxels ?? 0 })) : counted,
  }
}

function withFrame(run: RunView, frame: LiveFrame): RunView {
  if (frame.type === 'progress') return { ...run, progress: frame.data, is_connection_lost: false }
  // What was missed is told again from the beginning: of attempts that are over, too.
  if (frame.type !== 'state' || frame.data.attempt < run.attempt) return run
  const isNewAttempt = frame.data.attempt !== run.attempt
  return {
    ...run,
    ...phaseOf(run, frame.data),
    attempt: frame.data.attempt,
    num_previews: isNewAttempt ? 0 : run.num_previews,
    coverage: isNewAttempt ? 0 : run.coverage,
  }
}
