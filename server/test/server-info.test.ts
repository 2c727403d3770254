import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { ServerInfo } from '../../shared/contract/server-info.ts'
import { deviceSlots } from '../devices/device-slots.ts'
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
