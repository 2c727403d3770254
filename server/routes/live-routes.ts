import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { closed, Id } from '../../shared/contract/common.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { JobEvents, LiveEvent } from '../jobs/job-events.ts'
import type { JobService } from '../jobs/job-service.ts'
import { isFinished } from '../jobs/job-state.ts'
import { LiveClient } from './live-client.ts'

/** Below the 30 to 60 s after which proxies drop a silent connection. */
const KEEPALIVE_MS = 25_000

const LiveParams = Type.Object({ jobId: Id })
const LiveQuery = Type.Object(
  { since: Type.Optional(Type.Integer({ minimum: 0 })), encoding: Type.Optional(Type.Literal('base64')) },
  closed,
)

/** `WS /ws/jobs/{id}?since=SEQ`: what was missed, then what happens, until the job has ended. */
export const liveRoutes: FastifyPluginAsyncTypebox<{ jobs: JobService; events: JobEvents }> = async (
  app,
  { jobs, events },
) => {
  app.get(
    '/ws/jobs/:jobId',
    {
      websocket: true,
      schema: { params: LiveParams, querystring: LiveQuery },
      // Before the upgrade, so that a stranger gets a plain HTTP error.
      preHandler: async (request) => {
        if (!request.ws)
          throw new DomainError('request_invalid', { reason: 'this address takes WebSocket connections' })
        await jobs.find(request.owner, request.params.jobId)
      },
    },
    (socket, request) => {
      const { jobId } = request.params
      const client = new LiveClient(socket, request.query.encoding === 'base64')
      const early: LiveEvent[] = []
      let deliver = (event: LiveEvent): void => {
        early.push(event)
      }
      const stopListening = events.subscribe(jobId, (event) => deliver(event))
      const keepalive = setInterval(() => client.take({ frame: pingFrame(jobId), payload: null }), KEEPALIVE_MS)
      const stop = () => {
        clearInterval(keepalive)
        stopListening()
        client.stop()
        events.forget(jobId)
      }
      socket.on('close', stop)
      socket.on('error', stop)
      const pass = (event: LiveEvent) => {
        client.take(event)
        if (isLast(event)) client.end()
      }
      missedEvents(jobs, events, jobId, request.query.since ?? 0)
        .then((missed) => {
          const lastSeq = missed.at(-1)?.frame.seq ?? 0
          deliver = pass
          for (const event of missed) pass(event)
          for (const event of early) if (event.frame.seq > lastSeq) pass(event)
          return jobs.find(request.owner, jobId)
        })
        // A finished job has nothing more to tell, whatever the client has seen.
        .then((record) => isFinished(record.state) && client.end())
        .catch((error) => {
          request.log.error({ err: error }, 'live channel failed')
          socket.close(1011, 'internal error')
        })
    },
  )
}

/** Stored events and those remembered in memory, each once, in order. */
async function missedEvents(jobs: JobService, events: JobEvents, jobId: string, since: number): Promise<LiveEvent[]> {
  const bySeq = new Map<number, LiveEvent>()
  for (const frame of await jobs.needs.jobs.eventsSince(jobId, since)) bySeq.set(frame.seq, { frame, payload: null })
  for (const event of events.since(jobId, since)) bySeq.set(event.frame.seq, event)
  return [...bySeq.values()].sort((a, b) => a.frame.seq - b.frame.seq)
}

/** True for the event after which a job is silent: completed and failed tell more after their state, canceled does not. */
function isLast({ frame }: LiveEvent): boolean {
  return (
    frame.type === 'completed' || frame.type === 'error' || (frame.type === 'state' && frame.data.state === 'canceled')
  )
}

function pingFrame(jobId: string) {
  return { type: 'ping' as const, seq: 0, job_id: jobId, time: new Date().toISOString(), data: {} }
}
