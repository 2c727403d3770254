import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { closed, Id } from '../../shared/contract/common.ts'
import { LiveTicket } from '../../shared/contract/live.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ServerConfig } from '../config.ts'
import { isLastFrame, type JobEvents, type LiveEvent } from '../jobs/job-events.ts'
import type { JobService } from '../jobs/job-service.ts'
import { isFinished } from '../jobs/job-state.ts'
import type { TokenService } from '../people/token-service.ts'
import { bearerOf } from '../plugins/auth.ts'
import { LiveClient } from './live-client.ts'
import { CLOSE, LiveSockets } from './live-sockets.ts'
import { LiveTickets } from './live-tickets.ts'
import { PROBLEM_REPLIES } from './schemas.ts'

const LiveParams = Type.Object({ jobId: Id })
const LiveQuery = Type.Object(
  {
    since: Type.Optional(Type.Integer({ minimum: 0 })),
    encoding: Type.Optional(Type.Literal('base64')),
    ticket: Type.Optional(Type.String({ maxLength: 100 })),
  },
  closed,
)

/** Longest wait for the last event of a job that is recorded as finished: a server that stopped in between never tells it. */
const LAST_WORDS_MS = 5000

export interface LiveRouteNeeds {
  jobs: JobService
  events: JobEvents
  tokens: Pick<TokenService, 'accessOf'>
  config: Pick<ServerConfig, 'socketsPerUser'>
  /** How often sockets are kept alive and checked, where it is not 25 s. */
  keepaliveMs?: number
}

/** What an accepted request for a socket holds until the socket is gone. */
interface Leave {
  token: string
  giveBack: () => void
}

/**
 * `WS /ws/jobs/{id}?since=SEQ`: what was missed, then what happens, until the job has ended; and the one-use tickets of
 * browser pages. Everything is checked before the upgrade, so that a refused client gets a plain HTTP error.
 */
export const liveRoutes: FastifyPluginAsyncTypebox<LiveRouteNeeds> = async (app, needs) => {
  const { jobs, events, tokens, config, keepaliveMs } = needs
  const tickets = new LiveTickets()
  const leaves = new WeakMap<FastifyRequest, Leave>()
  const tokensOfTickets = new WeakMap<FastifyRequest, string>()
  const tokenOf = (request: FastifyRequest) => tokensOfTickets.get(request) ?? bearerOf(request) ?? ''
  const sockets = new LiveSockets({
    mostPerUser: config.socketsPerUser,
    checkToken: (token) => tokens.accessOf(token),
    checkJob: (user, jobId) => jobs.find(user, jobId),
    onError: (error) => app.log.error({ err: error }, 'sockets could not be checked'),
    ...(keepaliveMs === undefined ? {} : { keepaliveMs }),
  })
  app.post(
    '/v1/jobs/:jobId/ticket',
    {
      config: { scope: 'read' },
      schema: { params: LiveParams, response: { 201: LiveTicket, ...PROBLEM_REPLIES } },
    },
    async (request, reply) => {
      const { jobId } = request.params
      await jobs.find(request.owner, jobId)
      const { ticket, expiresAt } = tickets.make(jobId, tokenOf(request))
      return reply.code(201).header('cache-control', 'no-store').send({ ticket, expires_at: expiresAt })
    },
  )
  app.get(
    '/ws/jobs/:jobId',
    {
      websocket: true,
      schema: { params: LiveParams, querystring: LiveQuery },
      config: {
        tokenInstead: (request) => {
          const { ticket } = request.query as { ticket?: unknown }
          if (typeof ticket !== 'string') return null
          const token = tickets.take(ticket, (request.params as { jobId: string }).jobId)
          tokensOfTickets.set(request, token)
          return token
        },
      },
      preHandler: async (request) => {
        if (!request.ws)
          throw new DomainError('request_invalid', { reason: 'this address takes WebSocket connections' })
        await jobs.find(request.owner, request.params.jobId)
        const giveBack = sockets.reserve(request.owner)
        leaves.set(request, { token: tokenOf(request), giveBack })
        // Also where the upgrade fails after this; an injected request has no socket.
        request.raw.socket?.once('close', giveBack)
      },
    },
    (socket, request) => {
      const { jobId } = request.params
      const leave = leaves.get(request)
      if (!leave) return socket.close(1011, 'internal error')
      const client = new LiveClient(socket, request.query.encoding === 'base64')
      const watcher = {
        jobId,
        user: request.owner,
        token: leave.token,
        client,
        ping: () => socket.ping(),
        unanswered: 0,
      }
      const remove = sockets.add(watcher)
      socket.on('pong', () => {
        watcher.unanswered = 0
      })
      const feed = feedClient(client, jobId, request.query.since ?? 0, { jobs, events })
      const stop = () => {
        leave.giveBack()
        remove()
        feed.stop()
        client.stop()
      }
      socket.on('close', stop)
      socket.on('error', stop)
      feed.caughtUp
        .then(() => jobs.find(request.owner, jobId))
        .then(async (record) => {
          if (!isFinished(record.state)) return
          // A finished job has nothing more to tell, whatever the client has seen; but its last words may be on their way.
          if (!(await hasToldItsEnd(jobs, events, jobId)))
            await Promise.race([delay(LAST_WORDS_MS, undefined, { ref: false }), feed.ended])
          client.end()
        })
        .catch((error) => {
          if (error instanceof DomainError && error.code === 'job_not_found') return client.close(...CLOSE.jobGone)
          request.log.error({ err: error }, 'live channel failed')
          client.close(1011, 'internal error')
        })
    },
  )
}

/** Gives a client what it missed and then what happens, each once and in order. */
function feedClient(client: LiveClient, jobId: string, since: number, needs: Pick<LiveRouteNeeds, 'jobs' | 'events'>) {
  const early: LiveEvent[] = []
  let deliver = (event: LiveEvent): void => {
    early.push(event)
  }
  let tellEnd = (): void => undefined
  const ended = new Promise<void>((resolve) => {
    tellEnd = resolve
  })
  const pass = (event: LiveEvent) => {
    client.take(event)
    if (!isLastFrame(event.frame)) return
    client.end()
    tellEnd()
  }
  const stop = needs.events.subscribe(jobId, (event) => deliver(event))
  const caughtUp = missedEvents(needs.jobs, needs.events, jobId, since).then((missed) => {
    const lastSeq = missed.at(-1)?.frame.seq ?? 0
    deliver = pass
    for (const event of missed) pass(event)
    for (const event of early) if (event.frame.seq > lastSeq) pass(event)
  })
  return { caughtUp, ended, stop }
}

async function hasToldItsEnd(jobs: JobService, events: JobEvents, jobId: string): Promise<boolean> {
  return (await missedEvents(jobs, events, jobId, 0)).some(({ frame }) => isLastFrame(frame))
}

/** Stored events and those remembered in memory, each once, in order. */
async function missedEvents(jobs: JobService, events: JobEvents, jobId: string, since: number): Promise<LiveEvent[]> {
  const bySeq = new Map<number, LiveEvent>()
  for (const frame of await jobs.needs.jobs.eventsSince(jobId, since)) bySeq.set(frame.seq, { frame, payload: null })
  for (const event of events.since(jobId, since)) bySeq.set(event.frame.seq, event)
  return [...bySeq.values()].sort((a, b) => a.frame.seq - b.frame.seq)
}
