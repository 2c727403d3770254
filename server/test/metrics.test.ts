import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient } from '../../shared/client/client.ts'
import { deviceSlots } from '../devices/device-slots.ts'
import type { Worker } from '../jobs/worker-launcher.ts'
import { watchedLauncher } from '../metrics/watched-launcher.ts'
import { createJobOn, finishedOn } from './job-calls.ts'
import { figuresOf } from './metric-figures.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, TOKEN, until, uploadAll } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

const METRICS_TOKEN = 'metrics-token-0123456789'

let server: TestServer
afterEach(() => server?.stop())

async function start(change: Parameters<typeof makeTestServer>[0]['change'] = {}, onRun?: () => void | Promise<void>) {
  const network = fakeThresholdNetwork(onRun)
  server = await makeTestServer({
    launcher: inProcessLauncher(network.createSession),
    manifest: thresholdManifest(),
    change,
  })
  return network
}

/** Value of a figure with its labels as Prometheus writes them, e.g. `cryomamba_jobs{state="queued"}`. */
const figures = async () => figuresOf((await server.app.inject({ url: '/metrics' })).body)

describe('GET /metrics', () => {
  it('counts the tiles and the end of a job, and what waits', async () => {
    const network = await start()
    const job = await createJobOn(server)
    await finishedOn(server, job.job_id)
    const found = await until(async () => {
      const now = await figures()
      return now['cryomamba_job_duration_seconds_count{outcome="completed",model="threshold"}'] === 1 && now
    })
    expect(found.cryomamba_tiles_total).toBe(network.numRuns())
    expect(found.cryomamba_job_wait_seconds_count).toBe(1)
    expect(found['cryomamba_jobs{state="queued"}']).toBe(0)
    expect(found.cryomamba_workers_started_total).toBe(1)
    expect(found.cryomamba_worker_crashes_total).toBe(0)
    expect(found.cryomamba_ready).toBe(1)
    expect(found.cryomamba_disk_free_bytes).toBeGreaterThan(0)
    expect(found.cryomamba_disk_size_bytes).toBeGreaterThan(found.cryomamba_disk_free_bytes)
    expect(found.process_resident_memory_bytes).toBeGreaterThan(1e7)
    expect(found).toHaveProperty('nodejs_eventloop_lag_p99_seconds')
  })

  it('shows queued and running jobs, open uploads and who watches', async () => {
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    await start({}, () => gate)
    const url = await server.listen()
    const first = await createJobOn(server)
    await createJobOn(server)
    await server.app.inject({
      method: 'POST',
      url: '/v1/uploads/init',
      headers: AUTH,
      payload: { filename: 'a.mrc', total_size: 5000 },
    })
    const stop = new AbortController()
    const client = createClient({ url, token: TOKEN })
    const watching = client.watchJob(first.job_id, { signal: stop.signal }).catch(() => undefined)
    const found = await until(async () => {
      const now = await figures()
      return now.cryomamba_live_sockets === 1 && now['cryomamba_jobs{state="running"}'] === 1 && now
    })
    expect(found['cryomamba_jobs{state="queued"}']).toBe(1)
    expect(found['cryomamba_uploads{state="receiving"}']).toBe(1)
    stop.abort()
    await watching
    open()
  })

  it('counts requests by pattern and status, and never by id, user or address', async () => {
    await start()
    const url = await server.listen()
    const volume = await uploadAll(server, new Uint8Array(0)).catch(() => null)
    expect(volume).toBeNull()
    for (const at of [
      '/v1/jobs/00000000-0000-7000-8000-000000000000',
      '/v1/nothing',
      '/secret/name.mrc',
      '/v1/volumes',
    ])
      await fetch(`${url}${at}?x=1`, { headers: AUTH })
    const body = (await server.app.inject({ url: '/metrics' })).body
    const found = figuresOf(body)
    expect(found['cryomamba_http_requests_total{method="GET",route="/v1/jobs/:jobId",status="400"}']).toBe(1)
    expect(found['cryomamba_http_requests_total{method="GET",route="none",status="404"}']).toBe(2)
    expect(found['cryomamba_http_request_duration_seconds_count{method="GET",route="/v1/volumes"}']).toBe(1)
    expect(found.cryomamba_network_received_bytes_total).toBeGreaterThan(400)
    expect(found.cryomamba_network_sent_bytes_total).toBeGreaterThan(400)
    expect(body).not.toMatch(/00000000-|secret|owner|127\.0\.0\.1/)
  })

  it('is open to this computer, and to others with the token only', async () => {
    await start({ metricsToken: METRICS_TOKEN })
    const ask = async (remoteAddress: string, headers = {}) =>
      (await server.app.inject({ url: '/metrics', remoteAddress, headers })).statusCode
    expect(await ask('127.0.0.1')).toBe(200)
    expect(await ask('::1')).toBe(200)
    expect(await ask('192.0.2.7')).toBe(401)
    expect(await ask('192.0.2.7', AUTH)).toBe(401)
    expect(await ask('192.0.2.7', { authorization: `Bearer ${METRICS_TOKEN}` })).toBe(200)
    for (const header of ['x-forwarded-for', 'forwarded', 'via'])
      expect(await ask('127.0.0.1', { [header]: 'for=192.0.2.7' })).toBe(401)
  })

  it('is closed to others where no token is set', async () => {
    await start()
    const headers = { authorization: 'Bearer null' }
    expect((await server.app.inject({ url: '/metrics', remoteAddress: '192.0.2.7', headers })).statusCode).toBe(401)
  })
})

describe.skipIf(process.platform === 'win32')('figures of cards', () => {
  const PATH = process.env.PATH
  afterEach(() => {
    process.env.PATH = PATH
  })

  async function startWithSmi(script: string) {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-smi-'))
    await writeFile(path.join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`)
    await chmod(path.join(folder, 'nvidia-smi'), 0o755)
    process.env.PATH = `${folder}:${PATH}`
    await start({ devices: deviceSlots(['cpu', 'cuda:0'], {}) })
    return () => rm(folder, { recursive: true })
  }

  it('are memory and load by slot, from the driver', async () => {
    const tidy = await startWithSmi('echo "0, GPU-1, NVIDIA H200, 100, 40, 75, 570.1, 30"')
    const labels = '{device="cuda:0",name="NVIDIA H200"}'
    expect(await figures()).toMatchObject({
      [`cryomamba_gpu_memory_size_bytes${labels}`]: 104_857_600,
      [`cryomamba_gpu_memory_used_bytes${labels}`]: 41_943_040,
      [`cryomamba_gpu_utilisation_ratio${labels}`]: 0.75,
    })
    await tidy()
  })

  it('are left out while the driver hangs; the rest is told', async () => {
    const tidy = await startWithSmi('exec sleep 8')
    const found = await figures()
    expect(Object.keys(found).filter((name) => name.startsWith('cryomamba_gpu'))).toEqual([])
    expect(found.cryomamba_ready).toBe(1)
    await tidy()
  })
})

describe('workers', () => {
  it('count as crashed unless they finished or were ended by the server', async () => {
    const exits: ((exit: { reason: string; lastLines: string }) => void)[] = []
    const worker: Worker = {
      send: () => undefined,
      onMessage: () => undefined,
      onExit: (listener) => void exits.push(listener),
      kill: () => undefined,
    }
    const counts = { started: 0, crashed: 0 }
    const launcher = watchedLauncher(
      { launch: async () => worker },
      { started: () => counts.started++, crashed: () => counts.crashed++ },
    )
    await launcher.launch({})
    await launcher.launch({})
    const third = await launcher.launch({})
    third.kill()
    for (const [index, reason] of ['exit code 0', 'killed by SIGSEGV', 'killed by SIGKILL'].entries())
      exits[index]({ reason, lastLines: '' })
    expect(counts).toEqual({ started: 3, crashed: 1 })
  })
})
