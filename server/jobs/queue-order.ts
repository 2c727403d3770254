/** What the order of the queue depends on. */
export interface Waiting {
  jobId: string
  owner: string
  /** -10 to 10; higher goes first among jobs of one user and where users are equal. */
  priority: number
}

/**
 * The order in which waiting jobs are taken: always one of the user who has used least device time, then the higher
 * priority, then the older job. Every place is charged to its user, so that users take turns. Depends on nothing else.
 * @param usedSeconds device time per user, older time weighing less; absent: 0
 * @param secondsOf what a job will take; any guess makes users take turns
 */
export function queueOrder<T extends Waiting>(
  waiting: readonly T[],
  usedSeconds: ReadonlyMap<string, number>,
  secondsOf: (job: T) => number,
): T[] {
  const byOwner = new Map<string, T[]>()
  for (const job of [...waiting].sort(byPriorityAndAge)) {
    const own = byOwner.get(job.owner)
    if (own) own.push(job)
    else byOwner.set(job.owner, [job])
  }
  const lanes = [...byOwner].map(([owner, jobs]) => ({ jobs, next: 0, used: usedSeconds.get(owner) ?? 0 }))
  const order: T[] = []
  while (order.length < waiting.length) {
    const open = lanes.filter((lane) => lane.next < lane.jobs.length)
    const lane = open.reduce((best, one) =>
      (one.used - best.used || byPriorityAndAge(one.jobs[one.next], best.jobs[best.next])) < 0 ? one : best,
    )
    const job = lane.jobs[lane.next++]
    lane.used += secondsOf(job)
    order.push(job)
  }
  return order
}

/** Ids are made in the order of time. */
function byPriorityAndAge(a: Waiting, b: Waiting): number {
  return b.priority - a.priority || (a.jobId < b.jobId ? -1 : a.jobId > b.jobId ? 1 : 0)
}

/** Device time that was used some time ago, weighing half after every half-life. */
export function decayedSeconds(seconds: number, agoMs: number, halfLifeMs: number): number {
  return seconds * 0.5 ** (Math.max(0, agoMs) / halfLifeMs)
}

/** A device as far as the queue is concerned. */
export interface Lane {
  /** Until its job ends; 0: it is free; null: nobody knows. */
  freeInSeconds: number | null
  /** Whose job it runs. */
  owner: string | null
}

export interface PlannedStart<T> {
  job: T
  inSeconds: number
}

/**
 * When jobs start, in the order in which they are taken: whenever a device is free it takes the first job of the queue
 * whose user runs fewer than `mostPerUser`.
 * @param secondsOf what a job takes on a device, or null
 * @returns up to the first job whose start depends on something unknown
 */
export function plannedStarts<T extends { owner: string }>(
  order: readonly T[],
  devices: readonly Lane[],
  mostPerUser: number,
  secondsOf: (job: T, device: number) => number | null,
): PlannedStart<T>[] {
  const lanes = devices.map((lane) => ({ ...lane }))
  const waiting = [...order]
  const starts: PlannedStart<T>[] = []
  const isBusy = ({ freeInSeconds }: Lane, now: number) => freeInSeconds === null || freeInSeconds > now
  for (let now = 0; waiting.length > 0; ) {
    const numOf = (owner: string) => lanes.filter((lane) => lane.owner === owner && isBusy(lane, now)).length
    const device = lanes.findIndex((lane) => !isBusy(lane, now))
    const next = device < 0 ? -1 : waiting.findIndex(({ owner }) => numOf(owner) < mostPerUser)
    if (next >= 0) {
      const [job] = waiting.splice(next, 1)
      const takes = secondsOf(job, device)
      starts.push({ job, inSeconds: now })
      lanes[device] = { freeInSeconds: takes === null ? null : now + takes, owner: job.owner }
      continue
    }
    const ends = lanes.map(({ freeInSeconds }) => freeInSeconds).filter((end) => end === null || end > now)
    // What runs for an unknown time may end before all others.
    if (ends.length === 0 || ends.includes(null)) break
    now = Math.min(...(ends as number[]))
  }
  return starts
}
