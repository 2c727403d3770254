import { createClient } from '../../../shared/client/client.ts'
import { filled, OWNED } from './addresses.ts'
import { ask } from './ask.ts'
import { JSON_TYPE, request } from './hostile-case.ts'
import { isRefusal } from './hostile-judge.ts'
import type { Person } from './people.ts'
import { sendRaw } from './raw-http.ts'
import type { Random } from './seeded-random.ts'
import type { AcceptedJob, World } from './world.ts'

/** Jobs whose owners are asked about; every one is asked about by another user. */
const MOST_JOBS = 12

/** Everyone tries to reach what is another's, at every address there is, and looks whether a list shows any of it. */
export async function strangersStage(world: World, people: readonly Person[], random: Random): Promise<void> {
  const jobs = world.jobs.filter((job) => people.includes(job.person)).slice(-MOST_JOBS)
  for (const job of jobs) {
    const others = people.filter(({ user }) => user !== job.person.user)
    await knockEverywhere(world, job, random.pick(others))
  }
  for (const person of people) await checkLists(world, person)
}

async function knockEverywhere(world: World, job: AcceptedJob, stranger: Person): Promise<void> {
  const volume = world.volumes.find((one) => one.volume === job.volume)
  const upload = world.parts.find(({ user }) => user === job.person.user)
  const artifacts = await createClient({ url: world.server.url, token: job.person.token }).artifacts(job.jobId)
  const names = [job.jobId, volume?.volumeId ?? '', job.volume.sha256, job.person.user]
  const ids = {
    jobId: job.jobId,
    volumeId: names[1],
    uploadId: upload?.uploadId ?? '',
    partIndex: '0',
    name: 'mask.mrc',
  }
  const creating = { volume_id: names[1], model: 'threshold' }
  const all = [...OWNED, { method: 'POST', url: '/v1/jobs', body: creating }]
  for (const { method, url, body } of all) {
    const text = body ? JSON.stringify(body) : ''
    const headers = body ? [JSON_TYPE] : []
    const raw = request({ token: stranger.token, ids }, { method, path: filled(url, ids), headers, body: text })
    const answer = await sendRaw(world.server.port, { bytes: raw })
    world.tally.add('stranger_requests')
    const fault = isRefusal(answer)
    if (fault) world.tally.wrong(`${stranger.user} at ${method} ${url} of ${job.person.user}: ${fault}`)
    if (answer.body.includes(job.volume.sha256) || answer.body.includes(job.person.user))
      world.tally.wrong(`${method} ${url} tells ${stranger.user} about ${job.person.user}`)
  }
  await swapLinks(world, job, artifacts[0].url)
}

/** A link of one job, with the id of every other job in it. */
async function swapLinks(world: World, job: AcceptedJob, url: string): Promise<void> {
  const others = world.jobs.filter(({ jobId }) => jobId !== job.jobId).slice(-5)
  for (const { jobId } of others) {
    const { status } = await ask(world.server.url + url.replace(job.jobId, jobId))
    world.tally.add('forged_links')
    if (status !== 403 && status !== 404) world.tally.wrong(`a link of ${job.jobId} opens ${jobId}: ${status}`)
  }
}

/** Lists hold what is one's own, all of it, and nothing else. */
async function checkLists(world: World, person: Person): Promise<void> {
  const own = (list: readonly { person: Person }[]) => list.filter((one) => one.person.user === person.user)
  const jobs = await listed(world, person, 'jobs', 'job_id')
  const volumes = await listed(world, person, 'volumes', 'volume_id')
  const foreignJobs = world.jobs.filter((one) => one.person.user !== person.user && jobs.has(one.jobId))
  const foreignVolumes = world.volumes.filter((one) => one.person.user !== person.user && volumes.has(one.volumeId))
  if (foreignJobs.length + foreignVolumes.length > 0) world.tally.wrong(`${person.user} sees what is another's`)
  for (const { jobId } of own(world.jobs) as AcceptedJob[])
    if (!jobs.has(jobId)) world.tally.loss(`job ${jobId} is not in the list of ${person.user}`)
}

async function listed(world: World, person: Person, name: string, id: string): Promise<Set<string>> {
  const found = new Set<string>()
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`
    const reply = await ask(`${world.server.url}/v1/${name}?limit=20${query}`, { token: person.token })
    world.tally.add('stranger_requests')
    const page = JSON.parse(String(reply.body)) as Record<string, Record<string, string>[]> & {
      next_cursor: string | null
    }
    for (const item of page[name]) {
      if (item.owner !== person.user) world.tally.wrong(`${person.user} sees a ${name} of ${item.owner}`)
      found.add(item[id])
    }
    cursor = page.next_cursor
  } while (cursor !== null)
  return found
}
