import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { honestNetwork, networkOfMemory, networkWithoutEnd } from './hostile-networks.ts'
import { packageFiles } from './package-folder.ts'
import { hasCompiledServer, type RealServer, startRealServer } from './real-server.ts'
import { zipFile } from './zip-file.ts'

const LIMITS = {
  CRYOMAMBA_MODEL_TRIAL_SECONDS: '5',
  CRYOMAMBA_MODEL_TRIAL_BYTES: String(512 * 1024 ** 2),
  CRYOMAMBA_MAX_MODEL_BYTES: String(1024 ** 2),
}

let folder: string
let server: RealServer
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-sent-'))
  server = await startRealServer(path.join(folder, 'data'), 0, LIMITS)
})
afterEach(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

function call(method: string, url: string, body?: RequestInit['body'], signal?: AbortSignal): Promise<Response> {
  const headers = { authorization: `Bearer ${server.token}`, ...(body ? { 'content-type': 'application/zip' } : {}) }
  const streamed = body ? { duplex: 'half' } : {}
  return fetch(`${server.url}${url}`, { method, headers, body, signal, ...streamed } as RequestInit)
}

const post = (network: Uint8Array) => call('POST', '/v1/models', new Uint8Array(zipFile(packageFiles(network))))
const installed = async () =>
  (await readdir(path.join(folder, 'data/models')).catch(() => [])).filter((name) => name !== '.incoming')
const waiting = () => readdir(path.join(folder, 'data/models/.incoming'))

describe.runIf(hasCompiledServer)('a real server', () => {
  it('takes a package whose network runs, and deletes it again', async () => {
    const reply = await post(honestNetwork())
    expect(reply.status, await reply.clone().text()).toBe(201)
    expect(await installed()).toEqual(['threshold'])
    expect((await post(honestNetwork())).status).toBe(200)
    expect((await call('DELETE', '/v1/models/threshold@1.0.0')).status).toBe(204)
    expect((await call('GET', '/v1/models/threshold')).status).toBe(404)
  })

  it('refuses a network that never ends, and answers others meanwhile', async () => {
    const refused = post(networkWithoutEnd())
    expect((await call('GET', '/v1/models')).status).toBe(200)
    expect(await (await refused).json()).toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining('more than 5 s'),
    })
    expect([await installed(), await waiting()]).toEqual([[], []])
  })

  it('gives up a package whose sender is gone', async () => {
    await server.stop()
    const limits = { ...LIMITS, CRYOMAMBA_MODEL_TRIAL_SECONDS: '600' }
    server = await startRealServer(path.join(folder, 'data'), 0, limits)
    const gone = new AbortController()
    const archive = new Uint8Array(zipFile(packageFiles(networkWithoutEnd())))
    const sent = call('POST', '/v1/models', archive, gone.signal).catch((error) => error.name)
    const unpacked = async () => (await readdir(path.join(folder, 'data/models'), { recursive: true })).join()
    await expect.poll(unpacked, { timeout: 30_000 }).toContain('model.onnx')
    gone.abort()
    expect(await sent).toBe('AbortError')
    await expect.poll(waiting, { timeout: 30_000 }).toEqual([])
    expect((await post(honestNetwork())).status).toBe(201)
  })

  it.runIf(process.platform === 'linux')('refuses a network that takes too much memory', async () => {
    expect(await (await post(networkOfMemory(2n ** 29n))).json()).toMatchObject({
      code: 'model_invalid',
      message: expect.stringMatching(/memory|bytes/),
    })
    expect([await installed(), await waiting()]).toEqual([[], []])
  })

  it('says that an archive of unknown length is too large instead of cutting the line', async () => {
    const chunk = new Uint8Array(256 * 1024)
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) })
    const reply = await call('POST', '/v1/models', endless as never)
    expect([reply.status, (await reply.json()).code]).toEqual([413, 'payload_too_large'])
    expect(await waiting()).toEqual([])
  })
})
