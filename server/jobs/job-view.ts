import type { Job, JobProgress } from '../../shared/contract/jobs.ts'
import type { RunProgress } from '../inference/messages.ts'
import type { JobRecord } from './job-repository.ts'

/** A job as users see it. */
export function jobView(record: JobRecord, progress: JobProgress): Job {
  return {
    job_id: record.jobId,
    state: record.state,
    attempt: record.attempt,
    volume_id: record.volumeId,
    volume_ids: [record.volumeId, ...record.moreVolumeIds],
    memory: record.memory,
    model: record.model,
    model_version: record.modelVersion,
    model_sha256: record.modelSha256,
    params: record.params,
    effective_params: record.effectiveParams,
    preview: record.preview,
    priority: record.priority,
    progress,
    warnings: record.warnings,
    result: record.result,
    error: record.error && withoutRequestId(record.error),
    created_at: record.createdAt,
    started_at: record.startedAt,
    finished_at: record.finishedAt,
    owner: record.owner,
    project: record.project,
  }
}

export function runningProgress(progress: RunProgress): JobProgress {
  return {
    tiles_done: progress.tilesDone,
    tiles_total: progress.tilesTotal,
    tiles_per_second: progress.tilesPerSecond,
    seconds_left: progress.secondsLeft,
    queue_position: null,
    estimated_start: null,
  }
}

function withoutRequestId({
  code,
  message,
  hint,
  retryable,
}: NonNullable<JobRecord['error']>): NonNullable<Job['error']> {
  return { code, message, hint, retryable }
}
