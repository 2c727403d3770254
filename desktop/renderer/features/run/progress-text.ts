import type { RunView } from '../../../../shared/contract/bridge.ts'
import type { Fact } from '../../ui/facts.tsx'
import { formatBytes, formatDuration, formatShare } from '../../ui/format.ts'

/** True once nothing more will happen to a run. */
export function hasEnded({ phase }: RunView): boolean {
  return phase === 'completed' || phase === 'failed' || phase === 'canceled'
}

/** What a run is doing, in a few words. */
export function progressTitle(run: RunView): string {
  switch (run.phase) {
    case 'preparing':
      return 'Preparing…'
    case 'uploading':
      if (run.upload?.is_retrying) return 'The server does not answer; trying again…'
      return {
        hashing: 'Reading the file…',
        sending: 'Uploading…',
        verifying: 'The server checks the file…',
        done: 'Uploaded',
      }[run.upload?.phase ?? 'sending']
    case 'queued':
      return 'Waiting in the queue'
    case 'running':
      return `Running ${run.model_name}`
    case 'fetching':
      return 'Fetching the mask…'
    case 'paused':
      return run.progress ? 'Paused: what is finished is kept' : 'The upload is paused'
    case 'waiting':
      return 'Waits for its server'
    default:
      return ''
  }
}

/** How a run stands, in one line of a list. */
export function rowText(run: RunView): string {
  if (run.phase === 'completed') return finishedText(run)
  if (run.phase === 'canceled') return 'Canceled'
  if (run.phase === 'failed') return run.problem?.message ?? 'Failed'
  if (run.phase === 'waiting') return `${progressTitle(run)}: ${run.problem?.message ?? ''}`
  const share = progressShare(run)
  // The line above names the model.
  if (run.phase === 'running') return share === null ? 'Running' : `Running ${formatShare(share)}`
  if (run.phase === 'paused') return share === null ? progressTitle(run) : `Paused at ${formatShare(share)}`
  const position = run.phase === 'queued' ? run.progress?.queue_position : null
  if (position) return `In the queue, ${position === 1 ? 'next' : `number ${position}`}`
  return share === null ? progressTitle(run) : `${progressTitle(run)} ${formatShare(share)}`
}

function finishedText({ volume_doubt }: RunView): string {
  if (volume_doubt === 'changed') return 'Finished; the file has changed since'
  return volume_doubt ? 'Finished; the file may have changed since' : 'Finished'
}

/** How far a run is within its phase; null where that is not known. */
export function progressShare({ phase, upload, progress }: RunView): number | null {
  if (phase === 'uploading' && upload?.phase !== 'verifying')
    return upload ? ratio(upload.sent_bytes, upload.total_bytes) : null
  if ((phase === 'running' || phase === 'paused') && progress) return ratio(progress.tiles_done, progress.tiles_total)
  return null
}

function ratio(done: number, total: number): number | null {
  return total > 0 ? done / total : null
}

/** The numbers of a run's phase. */
export function progressFacts(run: RunView): Fact[] {
  if (run.phase === 'uploading') return uploadFacts(run)
  if (run.phase === 'queued') return queueFacts(run)
  if (run.phase === 'running') return tileFacts(run)
  if (run.phase === 'paused') return tileFacts(run).slice(0, 1)
  return []
}

function uploadFacts({ upload }: RunView): Fact[] {
  if (!upload) return []
  return [
    { name: 'Sent', value: `${formatBytes(upload.sent_bytes)} of ${formatBytes(upload.total_bytes)}` },
    { name: 'Speed', value: upload.bytes_per_second ? `${formatBytes(upload.bytes_per_second)}/s` : '–' },
    { name: 'Time left', value: upload.seconds_left === null ? '–' : formatDuration(upload.seconds_left) },
  ]
}

function queueFacts({ progress }: RunView): Fact[] {
  const position = progress?.queue_position
  const start = progress?.estimated_start
  return [
    { name: 'Position', value: position === 1 ? 'next' : (position ?? '–') },
    ...(start ? [{ name: 'Starts about', value: new Date(start).toLocaleTimeString() }] : []),
    ...(progress?.waits_for === 'memory' ? [{ name: 'Waits for', value: 'memory on the server' }] : []),
  ]
}

function tileFacts({ progress }: RunView): Fact[] {
  if (!progress) return []
  const { tiles_done, tiles_total, tiles_per_second, seconds_left } = progress
  return [
    { name: 'Tiles', value: `${tiles_done} of ${tiles_total}` },
    { name: 'Speed', value: tiles_per_second ? `${tiles_per_second.toPrecision(2)} tiles/s` : '–' },
    { name: 'Time left', value: seconds_left === null ? '–' : formatDuration(seconds_left) },
  ]
}
