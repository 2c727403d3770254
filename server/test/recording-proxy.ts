import http from 'node:http'
import net from 'node:net'

/** One answered request as it was on the wire. */
export interface Exchange {
  method: string
  /** Without the query. */
  path: string
  status: number
  contentType: string | null
  body: Buffer
}

export interface RecordingProxy {
  url: string
  exchanges: Exchange[]
  close(): Promise<void>
}

/** An HTTP proxy on the loopback that passes everything on, WebSockets too, and remembers every answer. */
export async function startRecordingProxy(targetUrl: string): Promise<RecordingProxy> {
  const target = new URL(targetUrl)
  const exchanges: Exchange[] = []
  const sockets = new Set<net.Socket>()
  const server = http.createServer((request, reply) => {
    const { method = 'GET', url = '/', headers } = request
    const options = { host: target.hostname, port: target.port, method, path: url, headers }
    const upstream = http.request(options, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () =>
        exchanges.push({
          method,
          path: url.split('?')[0],
          status: answer.statusCode ?? 0,
          contentType: answer.headers['content-type']?.split(';')[0] ?? null,
          body: Buffer.concat(chunks),
        }),
      )
      reply.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(reply)
    })
    upstream.on('error', () => reply.destroy())
    request.pipe(upstream)
  })
  server.on('upgrade', (request, client: net.Socket, head) => {
    const upstream = net.connect(Number(target.port), target.hostname, () => {
      const lines = [`${request.method} ${request.url} HTTP/1.1`]
      for (let i = 0; i < request.rawHeaders.length; i += 2)
        lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`)
      upstream.write(`${lines.join('\r\n')}\r\n\r\n`)
      upstream.write(head)
      client.pipe(upstream)
      upstream.pipe(client)
    })
    upstream.once('data', (first: Buffer) => {
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(first.toString('latin1'))?.[1] ?? 0)
      const path = (request.url ?? '').split('?')[0]
      exchanges.push({ method: 'GET', path, status, contentType: null, body: Buffer.alloc(0) })
    })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    exchanges,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
