import net from 'node:net'

/** A TCP proxy on the loopback that cuts every connection after a number of bytes sent to the server. */
export interface CuttingProxy {
  port: number
  numCuts: () => number
  /** From now on connections live. */
  stopCutting: () => void
  close: () => Promise<void>
}

/** @param cutAfterBytes of each new connection, by its number from 0 */
export async function startCuttingProxy(
  targetPort: number,
  cutAfterBytes: (connection: number) => number,
): Promise<CuttingProxy> {
  let connections = 0
  let cuts = 0
  let isCutting = true
  const sockets = new Set<net.Socket>()
  const server = net.createServer((client) => {
    const limit = cutAfterBytes(connections++)
    let passed = 0
    const upstream = net.connect(targetPort, '127.0.0.1')
    sockets.add(client).add(upstream)
    const end = () => {
      client.destroy()
      upstream.destroy()
      sockets.delete(client)
      sockets.delete(upstream)
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
    client.on('data', (chunk) => {
      passed += chunk.length
      upstream.write(chunk)
      if (isCutting && passed > limit) {
        cuts++
        end()
      }
    })
    upstream.pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as net.AddressInfo).port,
    numCuts: () => cuts,
    stopCutting: () => {
      isCutting = false
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
