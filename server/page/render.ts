import type { JobStatus, Overview } from '../../shared/contract/operation.ts'
import { bar, type Column, type Content, element, tableSection } from './elements.ts'
import { bytes, duration, jobState, percent, secondsBetween } from './words.ts'

export interface Actions {
  cancel(job: JobStatus): void
}

/** The whole page of one overview. */
export function render(overview: Overview, actions: Actions): HTMLElement[] {
  const pair = element('div', 'pair', users(overview), element('div', 'stack', disk(overview), models(overview)))
  return [...notices(overview), devices(overview), queue(overview, actions), pair, finished(overview)]
}

function notices({ notices = [] }: Overview): HTMLElement[] {
  return notices.map((text) => element('p', 'bad', text))
}

function devices({ devices }: Overview): HTMLElement {
  return tableSection('Devices', devices, 'This server has no device.', [
    { heading: 'Device', show: (one) => one.device_id },
    { heading: 'Name', show: (one) => (one.name === one.device_id ? '–' : one.name) },
    { heading: 'State', show: (one) => (one.job_id ? element('span', 'good', `runs ${short(one.job_id)}`) : 'free') },
    { heading: 'Use', isNumber: true, show: (one) => percent(one.utilisation_percent) },
    {
      heading: 'Memory',
      show: ({ memory_used_bytes: used, memory_total_bytes: total }) =>
        used === null || !total ? '–' : [bar(used / total, 'memory in use'), `${bytes(used)} of ${bytes(total)}`],
    },
  ])
}

function queue({ jobs, time }: Overview, { cancel }: Actions): HTMLElement {
  return tableSection('Jobs', jobs, 'Nothing runs and nothing waits.', [
    ...jobColumns(),
    { heading: 'State', show: (job) => stateOf(job) },
    { heading: 'Tiles', show: ({ progress }) => tiles(progress) },
    { heading: 'Speed', isNumber: true, show: ({ progress }) => speed(progress.tiles_per_second) },
    { heading: 'Left or starts', show: ({ progress }) => remaining(progress, time) },
    { heading: 'Waits or runs for', isNumber: true, show: (job) => duration(secondsBetween(sinceOf(job), time)) },
    { heading: '', show: (job) => cancelButton(job, cancel) },
  ])
}

function finished({ finished, time }: Overview): HTMLElement {
  return tableSection('Ended last', finished, 'No job has ended yet.', [
    ...jobColumns(),
    {
      heading: 'State',
      show: (job) =>
        job.error_code ? element('span', 'bad', `${job.state}: ${job.error_code}`) : element('span', '', job.state),
    },
    { heading: 'Ran for', isNumber: true, show: (job) => ranFor(job) },
    { heading: 'Ended', isNumber: true, show: (job) => `${duration(secondsBetween(endOf(job), time))} ago` },
  ])
}

function users({ users }: Overview): HTMLElement {
  return tableSection('Users', users, 'Nobody holds anything here.', [
    { heading: 'User', show: (one) => one.user },
    { heading: 'Running', isNumber: true, show: (one) => String(one.jobs_running) },
    { heading: 'Queued', isNumber: true, show: (one) => String(one.jobs_queued) },
    { heading: 'Volumes', isNumber: true, show: (one) => `${one.volumes} · ${bytes(one.volume_bytes)}` },
    { heading: 'Uploads', isNumber: true, show: (one) => `${one.uploads_open} · ${bytes(one.upload_bytes)}` },
    { heading: 'Results', isNumber: true, show: (one) => bytes(one.artifact_bytes) },
  ])
}

function disk({ disk, users }: Overview): HTMLElement {
  const used = disk.total_bytes - disk.free_bytes
  const ours = users.reduce((sum, user) => sum + user.volume_bytes + user.artifact_bytes, 0)
  const line = `${bytes(disk.free_bytes)} free of ${bytes(disk.total_bytes)}; volumes and results hold ${bytes(ours)}`
  return element(
    'section',
    '',
    element('h2', '', 'Disk'),
    bar(used / Math.max(1, disk.total_bytes), 'disk in use'),
    line,
  )
}

function models({ models }: Overview): HTMLElement {
  return tableSection('Models', models, 'There is no model: nobody can run a job.', [
    { heading: 'Model', show: (one) => one.id },
    { heading: 'Version', show: (one) => one.version },
    { heading: 'Size', isNumber: true, show: (one) => bytes(one.size_bytes) },
    { heading: 'For', show: (one) => one.groups.join(', ') || 'everyone' },
  ])
}

function jobColumns(): Column<JobStatus>[] {
  return [
    { heading: 'Job', show: (job) => element('code', '', short(job.job_id)) },
    { heading: 'User', show: (job) => (job.project ? `${job.user} (${job.project})` : job.user) },
    { heading: 'Model', show: (job) => `${job.model} ${job.model_version}` },
  ]
}

/** The end of an id tells two of one minute apart; its beginning is their time. */
function short(jobId: string): string {
  return jobId.slice(-8)
}

function stateOf(job: JobStatus): Content {
  const isRunning = job.state !== 'queued' && job.state !== 'paused'
  return isRunning ? element('span', 'good', jobState(job)) : jobState(job)
}

function tiles({ tiles_done: done, tiles_total: total }: JobStatus['progress']): Content[] {
  return [bar(total > 0 ? done / total : 0, 'tiles done'), `${done} of ${total}`]
}

function speed(tilesPerSecond: number | null): string {
  return tilesPerSecond === null ? '–' : `${tilesPerSecond.toFixed(tilesPerSecond < 10 ? 2 : 0)} tiles/s`
}

function remaining({ seconds_left: left, estimated_start: start }: JobStatus['progress'], now: string): string {
  if (left !== null) return duration(left)
  return start === null ? '–' : `in ${duration(Math.max(0, secondsBetween(now, start)))}`
}

function sinceOf(job: JobStatus): string {
  return job.started_at ?? job.created_at
}

function endOf(job: JobStatus): string {
  return job.finished_at ?? job.created_at
}

function ranFor({ started_at: start, finished_at: end }: JobStatus): string {
  return start && end ? duration(secondsBetween(start, end)) : '–'
}

function cancelButton(job: JobStatus, cancel: Actions['cancel']): HTMLElement {
  const button = element('button', 'small', 'Cancel')
  button.type = 'button'
  button.dataset.job = job.job_id
  button.setAttribute('aria-label', `Cancel job ${short(job.job_id)} of ${job.user}`)
  button.addEventListener('click', () => cancel(job))
  return button
}
