import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import type { LiveFrame, LiveTicket } from '../../shared/contract/live.ts'
import type { ServerConfig } from '../config.ts'
import type { JobRepository } from '../jobs/job-repository.ts'
import type { Scope } from '../people/access.ts'
import { createJobOn, jobOn } from './job-calls.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, until } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

/** Held until the test lets the network go. */
let letGo: () => void = () => undefined
let server: TestServer
afterEach(async () => {
  letGo()
  await server.stop()
})

/** A server whose jobs do not get on before `letGo`. */
async function start(
  change: Partial<ServerConfig> = {},
  keepaliveMs = 60_000,
  beforeTile: (gate: Promise<void>) => Promise<void> | undefined = (gate) => gate,
): Promise<void> {
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })
  server = await makeTestServer({
    launcher: inProcessLauncher(fakeThresholdNetwork(() => beforeTile(gate)).createSession),
    manifest: thresholdManifest(),
    change,
    keepaliveMs,
  })
  await server.app.ready()
}

async function tokenOf(user: string, scope: Scope = 'read') {
  const { token, record } = await server.tokens.create({ user, scopes: [scope], lifetimeDays: 1 })
  return { headers: { authorization: `Bearer ${token}` }, tokenId: record.tokenId }
}

interface Opened {
  socket: WebSocket
  frames: LiveFrame[]
  closed: Promise<number>
}

async function open(jobId: string, query = '', headers: Record<string, string> = AUTH): Promise<Opened> {
  const frames: LiveFrame[] = []
  let closed: Promise<number> | null = null
  const onInit = (socket: WebSocket) => {
    socket.on('message', (data, isBinary) => isBinary || frames.push(JSON.parse(String(data))))
    closed = new Promise((resolve) => void socket.once('close', resolve))
  }
  const socket = await server.app.injectWS(`/ws/jobs/${jobId}${query}`, { headers }, { onInit })
  return { socket, frames, closed: closed as unknown as Promise<number> }
}

async function ticketOf(jobId: string, headers: Record<string, string> = AUTH): Promise<LiveTicket> {
  const reply = await server.app.inject({ method: 'POST', url: `/v1/jobs/${jobId}/ticket`, headers })
  expect(reply.statusCode, reply.body).toBe(201)
  return reply.json()
}

/** The problem that a request over plain HTTP gets; tickets are taken before it is looked at whether it is an upgrade. */
async function codeOf(url: string, headers: Record<string, string> = {}) {
  return (await server.app.inject({ url, headers })).json().code
}

describe('a job that is recorded as finished', () => {
  it('still tells its last event to a client that came before it', async () => {
    await start()
    const jobs = server.retentionNeeds.jobs as JobRepository
    const addEvent = jobs.addEvent.bind(jobs)
    let isHeld = false
    vi.spyOn(jobs, 'addEvent').mockImplementation(async (jobId, frame) => {
      if (frame.type === 'state' && frame.data.state === 'completed') {
        isHeld = true
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
      return addEvent(jobId, frame)
    })
    const { job_id } = await createJobOn(server)
    letGo()
    await until(async () => isHeld)
    expect((await jobOn(server, job_id)).state).toBe('completed')
    const { frames, closed } = await open(job_id)
    expect(await closed).toBe(1000)
    expect(frames.at(-1)?.type).toBe('completed')
    // One that has seen all of it is told nothing more.
    const again = await open(job_id, `?since=${frames.at(-1)?.seq}`)
    expect([await again.closed, again.frames]).toEqual([1000, []])
  })
})

describe('a ticket', () => {
  it('opens the live channel of its job once, without a token', async () => {
    await start()
    const { job_id } = await createJobOn(server)
    const { ticket, expires_at } = await ticketOf(job_id)
    expect(Buffer.from(ticket, 'base64url')).toHaveLength(32)
    expect(Date.parse(expires_at) - Date.now()).toBeLessThanOrEqual(30_000)
    const { frames, closed } = await open(job_id, `?ticket=${ticket}`, {})
    await expect(open(job_id, `?ticket=${ticket}`, {})).rejects.toThrow('401')
    letGo()
    expect(await closed).toBe(1000)
    expect(frames.at(-1)?.type).toBe('completed')
  })

  it('is refused when it was used, is made up, or is of another job', async () => {
    await start()
    const first = await createJobOn(server)
    const second = await createJobOn(server)
    const { ticket } = await ticketOf(first.job_id)
    const urlOf = (jobId: string, value: string) => `/ws/jobs/${jobId}?ticket=${value}`
    expect(await codeOf(urlOf(second.job_id, ticket))).toBe('ticket_invalid')
    // That try used it up.
    expect(await codeOf(urlOf(first.job_id, ticket))).toBe('ticket_invalid')
    expect(await codeOf(urlOf(first.job_id, randomBytes(32).toString('base64url')), AUTH)).toBe('ticket_invalid')
    expect(await codeOf(urlOf(first.job_id, ''))).toBe('ticket_invalid')
    expect(await codeOf(`/ws/jobs/${first.job_id}`)).toBe('unauthorized')
    expect(await codeOf(`/v1/jobs/${first.job_id}?ticket=${(await ticketOf(first.job_id)).ticket}`)).toBe(
      'unauthorized',
    )
  })

  it('is given to readers of the job only, and ends with their token', async () => {
    await start()
    const { job_id } = await createJobOn(server, {})
    const anna = await tokenOf('anna')
    const url = `/v1/jobs/${job_id}/ticket`
    const codes = async (headers: Record<string, string>) =>
      (await server.app.inject({ method: 'POST', url, headers })).json().code
    expect(await codes({})).toBe('unauthorized')
    expect(await codes(anna.headers)).toBe('job_not_found')
    await server.people.addMember('lab', 'owner')
    await server.people.addMember('lab', 'anna')
    const share = {
      method: 'PUT',
      url: `/v1/jobs/${job_id}/project`,
      headers: AUTH,
      payload: { project: 'lab' },
    } as const
    expect((await server.app.inject(share)).statusCode).toBe(200)
    const [kept, other] = [await ticketOf(job_id, anna.headers), await ticketOf(job_id, anna.headers)]
    await server.people.removeMember('lab', 'anna')
    await expect(open(job_id, `?ticket=${kept.ticket}`, {})).rejects.toThrow('404')
    await server.tokens.revoke(anna.tokenId)
    await expect(open(job_id, `?ticket=${other.ticket}`, {})).rejects.toThrow('401')
  })
})

describe('an open socket', () => {
  it('is closed with 4401 at the keepalive when its token was revoked, others stay', async () => {
    await start({}, 200)
    const anna = await tokenOf('anna', 'write')
    await server.people.addMember('lab', 'owner')
    await server.people.addMember('lab', 'anna')
    const { job_id } = await createJobOn(server, { project: 'lab' })
    const [hers, ours] = [await open(job_id, '', anna.headers), await open(job_id)]
    const { ticket } = await ticketOf(job_id, anna.headers)
    const byTicket = await open(job_id, `?ticket=${ticket}`, {})
    await until(async () => hers.frames.some(({ type }) => type === 'ping'))
    await server.tokens.revoke(anna.tokenId)
    expect(await Promise.all([hers.closed, byTicket.closed])).toEqual([4401, 4401])
    expect(ours.socket.readyState).toBe(WebSocket.OPEN)
  })

  it('is closed with 4404 when its user may no longer see the job', async () => {
    await start({}, 200)
    const anna = await tokenOf('anna')
    await server.people.addMember('lab', 'owner')
    await server.people.addMember('lab', 'anna')
    const { job_id } = await createJobOn(server, { project: 'lab' })
    const { closed } = await open(job_id, '', anna.headers)
    await server.people.removeMember('lab', 'anna')
    expect(await closed).toBe(4404)
  })

  it('is closed with 1008 when its client answers no ping', async () => {
    await start({}, 200)
    const { job_id } = await createJobOn(server)
    const { socket, closed } = await open(job_id)
    socket.pong = () => undefined
    expect(await closed).toBe(1008)
  })

  it('is closed with 1001 when the server stops', async () => {
    await start()
    const { job_id } = await createJobOn(server)
    const { closed } = await open(job_id)
    letGo = () => undefined
    await server.app.close()
    expect(await closed).toBe(1001)
  })
})

describe('the only watcher of a running job', () => {
  it('gets what is not stored when its connection was cut and it comes back', async () => {
    let numTiles = 0
    await start({}, 60_000, (gate) => (numTiles++ === 0 ? undefined : gate))
    const { job_id } = await createJobOn(server)
    const first = await open(job_id)
    const isTile = (frame: LiveFrame) => frame.type === 'progress' && frame.data.tiles_done > 0
    await until(async () => first.frames.some(isTile))
    first.socket.terminate()
    await first.closed
    const second = await open(job_id)
    await until(async () => second.frames.some(isTile))
    expect(second.frames.find(isTile)).toEqual(first.frames.find(isTile))
    expect(numTiles).toBe(2)
  })
})

describe('the limit of sockets', () => {
  it('holds for each user by itself, and a closed socket gives its place back', async () => {
    await start({ socketsPerUser: 2 })
    const url = (await server.listen()).replace(/^http/, 'ws')
    await server.people.addMember('lab', 'owner')
    await server.people.addMember('lab', 'anna')
    const { job_id } = await createJobOn(server, { project: 'lab' })
    const connect = (headers: Record<string, string> = AUTH) =>
      new Promise<WebSocket>((resolve, reject) => {
        const socket = new WebSocket(`${url}/ws/jobs/${job_id}`, { headers })
        socket.once('open', () => resolve(socket)).once('error', reject)
      })
    const tries = await Promise.allSettled([connect(), connect(), connect()])
    const opened = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(opened).toHaveLength(2)
    await expect(connect()).rejects.toThrow('429')
    await connect((await tokenOf('anna')).headers)
    opened[0].close()
    await until(async () => connect().catch(() => null))
    await expect(connect()).rejects.toThrow('429')
  })
})
