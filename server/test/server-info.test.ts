import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import type { ServerInfo } from '../../shared/contract/server-info.ts'
import { deviceSlots } from '../devices/device-slots.ts'
import { logSettings } from '../plugins/log-settings.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

const PATH = process.env.PATH
let server: TestServer
afterEach(async () => {
  process.env.PATH = PATH
  await server.stop()
})

async function devicesOf(names: string[]): Promise<ServerInfo['devices']> {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({
    launcher,
    manifest: thresholdManifest(),
    change: { devices: deviceSlots(names, {}) },
  })
  return (await server.app.inject({ url: '/v1/server/info', headers: AUTH })).json().devices
}

describe.skipIf(process.platform === 'win32')('GET /v1/server/info', () => {
  it('tells the cards behind the device slots, null where nobody knows', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-smi-'))
    await writeFile(
      path.join(folder, 'nvidia-smi'),
      '#!/bin/sh\necho "1, GPU-1, NVIDIA H200, 100, 40, [N/A], 570.1, 30"\n',
    )
    await chmod(path.join(folder, 'nvidia-smi'), 0o755)
    process.env.PATH = `${folder}:${PATH}`
    const unknown = { memory_total_bytes: null, memory_used_bytes: null, utilisation_percent: null }
    expect(await devicesOf(['cpu', 'cuda:0', 'cuda:1'])).toEqual([
      { device_id: 'cpu', kind: 'cpu', name: 'cpu', ...unknown },
      { device_id: 'cuda:0', kind: 'cuda', name: 'cuda:0', ...unknown },
      {
        device_id: 'cuda:1',
        kind: 'cuda',
        name: 'NVIDIA H200',
        memory_total_bytes: 104_857_600,
        memory_used_bytes: 41_943_040,
        utilisation_percent: null,
      },
    ])
    await rm(folder, { recursive: true })
  })
})

describe('a server that took the CPU because no card could be used', () => {
  it('says so in the log, to monitors, in the figures and to operators', async () => {
    const lines: string[] = []
    const stream = new Writable({
      write: (line, _encoding, done) => {
        lines.push(String(line))
        done()
      },
    })
    const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
    const cpuInstead =
      'CRYOMAMBA_DEVICES=auto: jobs run on the CPU until the next start, because no NVIDIA GPU was found.'
    const logger = logSettings('warn', stream)
    server = await makeTestServer({ launcher, manifest: thresholdManifest(), cpuInstead, logger })
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: 'warn', reason: cpuInstead }),
    )
    const ready = (await server.app.inject({ url: '/v1/readyz' })).json()
    expect(ready).toEqual({ status: 'ok', notes: [expect.stringContaining('jobs run on the CPU')] })
    expect((await server.app.inject({ url: '/metrics' })).body).toContain('cryomamba_cpu_instead_of_gpu 1')
    const overview = (await server.app.inject({ url: '/v1/admin/overview', headers: AUTH })).json()
    expect(overview.notices).toEqual([cpuInstead])
  })

  it('is told from one that was set so', async () => {
    await devicesOf(['cpu'])
    expect((await server.app.inject({ url: '/v1/readyz' })).json()).toEqual({ status: 'ok' })
    expect((await server.app.inject({ url: '/metrics' })).body).toContain('cryomamba_cpu_instead_of_gpu 0')
  })
})
