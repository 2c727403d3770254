import type { OtherJob } from '../../../../shared/contract/other-jobs.ts'
import { formatShare } from '../../ui/format.ts'

/** How a job that was made elsewhere stands, in one line. */
export function jobText({ state, progress, error }: OtherJob): string {
  const { tiles_done: done, tiles_total: total, queue_position: position } = progress
  switch (state) {
    case 'queued':
      return position === null ? 'In the queue' : `In the queue, ${position === 1 ? 'next' : `number ${position}`}`
    case 'paused':
      return total > 0 ? `Paused at ${formatShare(done / total)}` : 'Paused'
    case 'completed':
      return 'Finished'
    case 'canceled':
      return 'Canceled'
    case 'failed':
      return error?.message ?? 'Failed'
    default:
      return total > 0 ? `Running, ${formatShare(done / total)}` : 'Running'
  }
}

/** Whether its mask would lie over the open file. */
export function matchText({ match }: OtherJob): string {
  return {
    open: 'Its volume is the open file.',
    other: 'Its volume is not the open file.',
    comparing: 'Comparing its volume with the open file…',
    gone: 'The server no longer has its volume.',
  }[match]
}
