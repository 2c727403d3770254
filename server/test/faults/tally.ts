/** What a run counts. Names are those of the table and of the JSON line. */
export const COUNTS = [
  'users',
  'uploads',
  'upload_bytes',
  'parts_accepted',
  'files_known_already',
  'downloads',
  'download_bytes',
  'live_events',
  'connections',
  'cuts_rst',
  'cuts_fin',
  'stalls',
  'delayed_connections',
  'slow_connections',
  'truncated_connections',
  'server_kills',
  'worker_kills',
  'database_kills',
  'clock_jumps',
  'disk_full_events',
  'disk_full_answers',
  'hostile_requests',
  'hostile_frames',
  'forged_links',
  'stranger_requests',
  'jobs_created',
  'jobs_completed',
  'jobs_tried_again',
  'jobs_paused',
  'tiles_resumed',
  'jobs_failed_retryable',
  'parts_checked',
  'volumes_checked',
  'artifacts_checked',
  'masks_checked',
  'lost',
] as const
export type Count = (typeof COUNTS)[number]

/** Counts what happened, and keeps what was wrong. */
export class Tally {
  readonly counts = Object.fromEntries(COUNTS.map((name) => [name, 0])) as Record<Count, number>
  readonly wrongs: string[] = []
  readonly skipped: string[] = []

  add(name: Count, by = 1): void {
    this.counts[name] += by
  }

  /** Something that must never happen. The run goes on, so that all of it is seen. */
  wrong(text: string): void {
    this.wrongs.push(text)
    console.error(`WRONG: ${text}`)
  }

  /** Something accepted that is not there any more. */
  loss(text: string): void {
    this.add('lost')
    this.wrong(`lost: ${text}`)
  }

  skip(text: string): void {
    this.skipped.push(text)
    console.error(`skipped: ${text}`)
  }

  table(): string {
    const width = Math.max(...COUNTS.map((name) => name.length))
    return COUNTS.map((name) => `${name.padEnd(width)}  ${this.counts[name].toLocaleString('en-US')}`).join('\n')
  }
}
