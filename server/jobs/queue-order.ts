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

/**
 * Seconds until each job of the queue starts, in its order, when each goes to the device that is free first.
 * @param freeInSeconds per device, until its job ends; null where that is not known
 * @param secondsOf what a job takes on a device, or null
 * @returns null from the first job on whose start depends on something unknown
 */
export function secondsToStart<T>(
  order: readonly T[],
  freeInSeconds: readonly (number | null)[],
  secondsOf: (job: T, device: number) => number | null,
): (number | null)[] {
  const free: (number | null)[] = [...freeInSeconds]
  return order.map((job) => {
    const known = free.filter((seconds) => seconds !== null)
    // A device that is free now takes the job, whatever is unknown about the others.
    if (known.length === 0 || (known.length < free.length && Math.min(...known) > 0)) return null
    const start = Math.min(...known)
    const device = free.indexOf(start)
    const takes = secondsOf(job, device)
    free[device] = takes === null ? null : start + takes
    return start
  })
}
