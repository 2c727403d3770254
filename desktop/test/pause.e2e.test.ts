import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, SAMPLE, volumeShown } from './desktop-app.ts'
import { connectTo } from './run-flow.ts'
import { type ServerProcess, startServer } from './server-process.ts'

// The sample of 4.4 MB takes some seconds.
const BYTES_PER_SECOND = 1e6
const PIECE_BYTES = 50_000

/** A slow line to a server. */
interface SlowLine {
  url: string
  /** Bytes that went to the server so far. */
  sentBytes(): number
  stop(): void
}

async function slowLine(url: string): Promise<SlowLine> {
  let sentBytes = 0
  const sockets = new Set<Socket>()
  const line: Server = createServer((near) => {
    const far = connect(Number(new URL(url).port), '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    }
    far.pipe(near)
    near.on('close', () => far.destroy())
    near.on('data', async (data) => {
      near.pause()
      for (let at = 0; at < data.length; at += PIECE_BYTES) {
        const piece = data.subarray(at, at + PIECE_BYTES)
        far.write(piece)
        sentBytes += piece.length
        await delay((1000 * piece.length) / BYTES_PER_SECOND)
      }
      near.resume()
    })
  })
  await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve))
  const { port } = line.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    sentBytes: () => sentBytes,
    stop: () => {
      for (const socket of sockets) socket.destroy()
      line.close()
    },
  }
}

let server: ServerProcess
let line: SlowLine
let desktop: DesktopApp

beforeAll(async () => {
  server = await startServer()
  line = await slowLine(server.url)
  desktop = await launchDesktop([SAMPLE])
  await volumeShown(desktop, 'sample.mrc')
  await connectTo(desktop, { url: line.url, token: server.token })
})
afterAll(async () => {
  await desktop?.close()
  line?.stop()
  await server?.stop()
})

it('stops an upload while it is paused, and goes on with it to the mask', async () => {
  const { page } = desktop
  const button = (name: string) => page.getByTestId('run').getByRole('button', { name, exact: true })
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await button('Pause').click()
  await page.locator('[data-testid=run][data-phase=paused]').waitFor()
  await desktop.screenshot('28-paused')
  // What was on the line still arrives; later only looks at whether the server is there, and these are small.
  await delay(1500)
  const atPause = line.sentBytes()
  await delay(3000)
  expect(line.sentBytes() - atPause).toBeLessThan(50_000)
  expect(atPause).toBeLessThan(4_000_000)
  await button('Go on').click()
  await page.locator('[data-testid=run][data-phase=completed]').waitFor({ timeout: 240_000 })
  await page.getByRole('region', { name: 'Mask', exact: true }).waitFor()
  expect(line.sentBytes()).toBeGreaterThan(4_000_000)
  expect(desktop.complaints).toEqual([])
})
