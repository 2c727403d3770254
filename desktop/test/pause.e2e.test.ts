import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DesktopApp, launchDesktop, SAMPLE, volumeShown } from './desktop-app.ts'
import { connectTo } from './run-flow.ts'
import { type ServerProcess, startServer } from './server-process.ts'

/** Enough for any request but a part of the sample, which has 4.4 MB. */
const SMALL_BYTES = 300_000

/** A line to a server that lets no part through before it is freed: its connections end then, later ones are whole. */
interface HeldLine {
  url: string
  /** Bytes that went to the server so far. */
  sentBytes(): number
  free(): void
  stop(): void
}

async function heldLine(url: string): Promise<HeldLine> {
  let sentBytes = 0
  let isFree = false
  const sockets = new Set<Socket>()
  const line: Server = createServer((near) => {
    const far = connect(Number(new URL(url).port), '127.0.0.1')
    let cameBytes = 0
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    }
    far.pipe(near)
    near.on('close', () => far.destroy())
    near.on('data', (data) => {
      cameBytes += data.length
      if (!isFree && cameBytes > SMALL_BYTES) return void near.pause()
      sentBytes += data.length
      if (far.write(data)) return
      near.pause()
      far.once('drain', () => near.resume())
    })
  })
  await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve))
  const { port } = line.address() as { port: number }
  const endAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${port}`,
    sentBytes: () => sentBytes,
    free: () => {
      isFree = true
      endAll()
    },
    stop: () => {
      endAll()
      line.close()
    },
  }
}

let server: ServerProcess
let line: HeldLine
let desktop: DesktopApp

beforeAll(async () => {
  server = await startServer()
  line = await heldLine(server.url)
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
  line.free()
  const atPause = line.sentBytes()
  // Were it not for the pause, the part would be sent again at once.
  await delay(4000)
  expect(line.sentBytes() - atPause).toBeLessThan(50_000)
  await button('Go on').click()
  await page.locator('[data-testid=run][data-phase=completed]').waitFor({ timeout: 240_000 })
  await page.getByRole('region', { name: 'Mask', exact: true }).waitFor()
  expect(line.sentBytes()).toBeGreaterThan(4_000_000)
  expect(desktop.complaints).toEqual([])
})
