import net from 'node:net'

/** An answer as it came over the wire, or how the connection ended without one. */
export interface RawAnswer {
  /** Null: the connection ended without an answer. */
  status: number | null
  headers: Map<string, string>
  body: Buffer
  /** True when neither an answer nor an end came in time. */
  isHanging: boolean
}

/** What is sent: all at once, or piece by piece with pauses. */
export interface RawRequest {
  bytes: string | Uint8Array
  /** Sent one after the other, this long apart, for slow senders. */
  trickle?: { piece: string; everyMs: number }
  timeoutMs?: number
}

/** Longest wait for an answer to one request. */
const ANSWER_MS = 20_000

/** Sends bytes as they are and reads one answer; knows no more of HTTP than it must. */
export function sendRaw(port: number, request: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    let received = Buffer.alloc(0)
    let trickling: NodeJS.Timeout | undefined
    const finish = (isHanging: boolean) => {
      clearInterval(trickling)
      clearTimeout(deadline)
      socket.destroy()
      resolve({ ...parsed(received), isHanging })
    }
    const deadline = setTimeout(() => finish(true), request.timeoutMs ?? ANSWER_MS)
    socket.on('connect', () => {
      socket.write(request.bytes)
      const { trickle } = request
      if (trickle) trickling = setInterval(() => socket.write(trickle.piece), trickle.everyMs)
    })
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (isWhole(received)) finish(false)
    })
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
  })
}

function headOf(received: Buffer): { head: string; body: Buffer } | null {
  const end = received.indexOf('\r\n\r\n')
  return end < 0 ? null : { head: received.subarray(0, end).toString('latin1'), body: received.subarray(end + 4) }
}

function parsed(received: Buffer): Omit<RawAnswer, 'isHanging'> {
  const found = headOf(received)
  if (!found) return { status: null, headers: new Map(), body: Buffer.alloc(0) }
  const [first, ...lines] = found.head.split('\r\n')
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  // What follows is the answer to another request of the same connection.
  const length = headers.get('content-length')
  const body = length === undefined ? found.body : found.body.subarray(0, Number(length))
  return { status: Number(first.split(' ')[1]), headers, body }
}

/** Answers with a length are whole at their length, others when the connection ends. */
function isWhole(received: Buffer): boolean {
  const { status, headers, body } = parsed(received)
  if (status === null) return false
  if (status === 304 || status === 204 || status === 101) return true
  const length = headers.get('content-length')
  if (length !== undefined) return body.length >= Number(length)
  return headers.get('transfer-encoding') === 'chunked' && body.subarray(-5).toString() === '0\r\n\r\n'
}
