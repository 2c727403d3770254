import type { RunView } from '../../shared/contract/bridge.ts'

/** More are not worth sending with every snapshot. */
const MAX_LINES = 50

/** The run with a line in its log for what changed; as it is when that is nothing to tell. */
export function withLog(before: RunView | null, after: RunView, time: string): RunView {
  const text = whatHappened(before, after)
  return text === null ? after : { ...after, log: [...after.log, { time, text }].slice(-MAX_LINES) }
}

function whatHappened(before: RunView | null, after: RunView): string | null {
  if (!before) return `Begun with ${after.model_name} on ${after.server_name}.`
  if (before.phase !== after.phase) return phaseText(after)
  if (before.attempt !== after.attempt) return `Attempt ${after.attempt}: the one before was lost.`
  if (before.is_connection_lost !== after.is_connection_lost)
    return after.is_connection_lost ? 'The connection is lost.' : 'The connection is back.'
  if (!before.is_canceling && after.is_canceling) return 'Asked to stop.'
  if (before.upload?.is_retrying !== after.upload?.is_retrying && after.upload)
    return after.upload.is_retrying ? 'The server does not answer; the upload keeps trying.' : null
  if (before.upload && before.upload.phase !== after.upload?.phase && after.upload?.phase === 'verifying')
    return 'Sent; the server checks the file.'
  return before.saved_as === after.saved_as ? null : `Saved as ${after.saved_as}.`
}

function phaseText(run: RunView): string | null {
  switch (run.phase) {
    case 'preparing':
      return 'Taken up again.'
    case 'uploading':
      return 'Reads the file and sends what the server lacks.'
    case 'queued':
      return `Waits in the queue of ${run.server_name}.`
    case 'running':
      return run.progress ? `Runs: ${run.progress.tiles_total} tiles.` : 'Runs.'
    case 'fetching':
      return 'Done; the mask is fetched.'
    case 'completed':
      return 'Finished.'
    case 'paused':
      return 'Paused.'
    case 'canceled':
      return 'Canceled.'
    default:
      return run.problem?.message ?? null
  }
}
