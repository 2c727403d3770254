import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { problemOf } from './error-reply.ts'

/** A body that comes more slowly than this holds its connection on purpose: the poorest networks are faster. */
const LEAST_BYTES_PER_SECOND = 256

/** Head of a request at most; more is answered with 431. Tokens of identity providers need some KiB. */
export const MOST_HEAD_BYTES = 16 * 1024

/** Settings of Node's HTTP server that keep connections from being held by what is no request. */
export function connectionLimits(slowSeconds: number) {
  return {
    headersTimeout: slowSeconds * 1000,
    connectionsCheckingInterval: Math.min(5_000, slowSeconds * 500),
    maxHeaderSize: MOST_HEAD_BYTES,
    // Refused by us, with an answer that says why.
    requireHostHeader: false,
  }
}

/** Answers what Node's parser refused before there was a request. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  refuse(socket, problemOfParser(error.code))
}

function problemOfParser(code: string | undefined): DomainError {
  if (code === 'HPE_HEADER_OVERFLOW') return new DomainError('headers_too_large', { limitBytes: MOST_HEAD_BYTES })
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new DomainError('request_timeout')
  return new DomainError('request_invalid', { reason: 'it is not an HTTP request' })
}

/** Refuses requests without a Host or with an expectation nobody meets, and ends those whose body hardly comes. */
export function addConnectionGuard(app: FastifyInstance, slowSeconds: number): void {
  app.server.on('checkExpectation', (_request, response) => {
    const problem = new DomainError('request_invalid', { reason: 'the Expect header is not understood' })
    refuse(response.socket, problem)
  })
  app.addHook('onRequest', async (request) => {
    // What a test hands in beside the network has no connection.
    if (!(request.raw.socket instanceof Socket)) return
    if (request.headers.host === undefined)
      throw new DomainError('request_invalid', { reason: 'it has no Host header' })
    // Parts of uploads have a watch of their own, which knows them.
    const isPart = request.headers['content-type'] === 'application/octet-stream'
    if (!request.raw.complete && !isPart) watchBody(request, slowSeconds)
  })
}

function watchBody({ raw }: FastifyRequest, slowSeconds: number): void {
  const { socket } = raw
  let receivedBytes = socket.bytesRead
  const look = setInterval(() => {
    if (raw.complete || raw.destroyed) return clearInterval(look)
    const isSlow = socket.bytesRead - receivedBytes < LEAST_BYTES_PER_SECOND * slowSeconds
    receivedBytes = socket.bytesRead
    // A stream that waits for our disk is not slow.
    if (isSlow && raw.readableLength === 0) refuse(socket, new DomainError('request_timeout'))
  }, slowSeconds * 1000)
  look.unref()
  raw.once('end', () => clearInterval(look))
  raw.once('close', () => clearInterval(look))
}

/** Writes a problem to a connection that has no reply of the framework, and ends it. */
function refuse(socket: Socket | null, problem: DomainError): void {
  if (!socket?.writable) return void socket?.destroy()
  const body = JSON.stringify(problemOf(problem, randomUUID()))
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
