import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

/** Bytes gathered before one write. */
const BATCH_BYTES = 1024 * 1024

/**
 * The least program that receives parts: node http, bytes to their place in one file, fdatasync per part, SHA-256 of
 * each part where `isHashing`. `POST /done` hashes the whole file again, as a server does that checks what it stored.
 */
async function serve(file: string, isHashing: boolean): Promise<void> {
  const target = await open(file, 'w+')
  const server = http.createServer(async (request, reply) => {
    if (request.method === 'POST') return void reply.end(isHashing ? await hashOf(target) : '')
    const hash = createHash('sha256')
    let at = Number(request.headers['x-offset'])
    let batch: Uint8Array[] = []
    let batched = 0
    const flush = async () => {
      const [full, position] = [batch, at]
      at += batched
      batch = []
      batched = 0
      if (full.length > 0) await target.writev(full, position)
    }
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      if (isHashing) hash.update(chunk)
      batch.push(chunk)
      batched += chunk.length
      if (batched >= BATCH_BYTES) await flush()
    }
    await flush()
    await target.datasync()
    reply.end(isHashing ? hash.digest('hex') : '')
  })
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
}

async function hashOf(file: FileHandle): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false, highWaterMark: BATCH_BYTES }))
    hash.update(chunk)
  return hash.digest('hex')
}

interface SendPlan {
  url: string
  file: string
  partBytes: number
  lanes: number
  isHashing: boolean
  /** `parts` of one file, one `whole` body to a file of its own a part (nginx), or `tus`, one part after the other. */
  kind: 'parts' | 'dav' | 'tus'
}

/** The least program that sends a file: parts from the disk, hashed once for the part and once for the whole. */
async function send({ url, file, partBytes, lanes, isHashing, kind }: SendPlan): Promise<void> {
  const source = await open(file, 'r')
  const { size } = await source.stat()
  const agent = new http.Agent({ keepAlive: true, maxSockets: lanes })
  const whole = createHash('sha256')
  const startMs = performance.now()
  let next = 0
  let reading = Promise.resolve()
  const target = kind === 'tus' ? await createTus(url, size, agent) : url
  const lane = async () => {
    for (let offset = next; offset < size; offset = next) {
      next += partBytes
      const bytes = Buffer.allocUnsafe(Math.min(partBytes, size - offset))
      // One after the other, so that the whole hash sees them in order.
      reading = reading.then(async () => {
        await source.read(bytes, 0, bytes.length, offset)
        if (isHashing) whole.update(bytes)
      })
      await reading
      const found = isHashing ? createHash('sha256').update(bytes).digest('hex') : ''
      const where = kind === 'dav' ? `${target}/${offset}` : target
      const answer = await call(where, kind === 'tus' ? 'PATCH' : 'PUT', bytes, offset, agent)
      if (isHashing && answer !== found) throw new Error('a part arrived damaged')
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  const sendingMs = performance.now() - startMs
  if (isHashing && (await call(url, 'POST', Buffer.alloc(0), 0, agent)) !== whole.digest('hex'))
    throw new Error('the file arrived damaged')
  agent.destroy()
  await source.close()
  process.send?.({ sendingMs, totalMs: performance.now() - startMs })
  process.disconnect?.()
}

function call(url: string, method: string, bytes: Buffer, offset: number, agent: http.Agent): Promise<string> {
  const tus = method === 'PATCH' ? { 'tus-resumable': '1.0.0', 'upload-offset': offset } : {}
  const type = method === 'PATCH' ? 'application/offset+octet-stream' : 'application/octet-stream'
  const headers = { 'content-type': type, 'content-length': bytes.length, 'x-offset': offset, ...tus }
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent, headers }, (reply) => {
      let body = ''
      reply.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      reply.on('end', () => ((reply.statusCode ?? 500) < 300 ? resolve(body) : reject(new Error(body))))
    })
    request.on('error', reject)
    request.end(bytes)
  })
}

function createTus(url: string, size: number, agent: http.Agent): Promise<string> {
  const headers = { 'tus-resumable': '1.0.0', 'upload-length': size, 'content-length': 0 }
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', agent, headers }, (reply) => {
      reply.resume()
      reply.on('end', () => resolve(new URL(String(reply.headers.location), url).href))
    })
    request.on('error', reject)
    request.end()
  })
}

async function serveTus(folder: string): Promise<void> {
  const { Server } = await import('@tus/server')
  const { FileStore } = await import('@tus/file-store')
  const tus = new Server({ path: '/files', datastore: new FileStore({ directory: folder }) })
  const server = http.createServer((request, reply) => void tus.handle(request, reply))
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
}

const [role, where, option] = process.argv.slice(2)
if (role === 'serve') await serve(where, option === 'hash')
else if (role === 'tus') await serveTus(where)
else if (role === 'send') await send(JSON.parse(where))
