import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import type { Job, JobList } from '../../shared/contract/jobs.ts'
import type { VolumeList } from '../../shared/contract/volumes.ts'
import { createJobOn, finishedOn } from './job-calls.ts'
import { callsOn } from './people-calls.ts'
import { hasCompiledServer, SERVER_ENTRY, startRealServer } from './real-server.ts'
import { databaseSetting } from './shared-postgres.ts'
import { AUTH, digestHeader, initUpload, inProcessLauncher, makeTestServer, type TestServer } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

let server: TestServer
afterEach(() => server.stop())

async function start(change = {}): Promise<void> {
  server = await makeTestServer({
    launcher: inProcessLauncher(fakeThresholdNetwork().createSession),
    manifest: thresholdManifest(),
    change,
  })
}

const { ask, tokenOf } = callsOn(() => server)
const codeOf = async (...call: Parameters<typeof ask>) => (await ask(...call)).code

describe('a user', () => {
  it('is told who they are', async () => {
    await start()
    await server.people.addMember('lab', 'anna')
    const { body } = await ask(await tokenOf('anna', 'read'), 'GET', '/v1/me')
    expect(body).toMatchObject({ user: 'anna', scopes: ['read'], groups: ['lab'] })
    expect((await ask(AUTH, 'GET', '/v1/me')).body).toMatchObject({ user: 'owner', token_id: null, expires_at: null })
  })

  it("sees and touches nothing of another's, in every address that takes an id", async () => {
    await start()
    const job = await finishedOn(server, (await createJobOn(server)).job_id)
    const upload = await initUpload(server, new Uint8Array(5000), { fingerprint: 'open' })
    const anna = await tokenOf('anna')
    const volumeUrl = `/v1/volumes/${job.volume_id}`
    const jobUrl = `/v1/jobs/${job.job_id}`
    const uploadUrl = `/v1/uploads/${upload.upload_id}`
    expect((await ask(anna, 'GET', '/v1/volumes')).body.volumes).toEqual([])
    expect((await ask(anna, 'GET', '/v1/jobs')).body.jobs).toEqual([])
    expect(await codeOf(anna, 'GET', volumeUrl)).toBe('volume_not_found')
    expect(await codeOf(anna, 'DELETE', volumeUrl)).toBe('volume_not_found')
    expect(await codeOf(anna, 'PUT', `${volumeUrl}/project`, { project: null })).toBe('volume_not_found')
    for (const [method, url] of [
      ['GET', jobUrl],
      ['DELETE', jobUrl],
      ['POST', `${jobUrl}/retry`],
      ['GET', `${jobUrl}/artifacts`],
    ] as const)
      expect(await codeOf(anna, method, url), `${method} ${url}`).toBe('job_not_found')
    expect(await codeOf(anna, 'POST', `${jobUrl}/postprocess`, { threshold: 0.5 })).toBe('job_not_found')
    expect(await codeOf(anna, 'PUT', `${jobUrl}/project`, { project: null })).toBe('job_not_found')
    expect(await codeOf(anna, 'GET', uploadUrl)).toBe('upload_not_found')
    expect(await codeOf(anna, 'DELETE', uploadUrl)).toBe('upload_not_found')
    expect(await codeOf(anna, 'POST', `${uploadUrl}/complete`, {})).toBe('upload_not_found')
    const part = {
      ...anna,
      'content-type': 'application/octet-stream',
      'content-digest': digestHeader(Buffer.alloc(1000)),
    }
    const put = { method: 'PUT', url: `${uploadUrl}/part/0`, headers: part, payload: Buffer.alloc(1000) } as const
    expect((await server.app.inject(put)).json().code).toBe('upload_not_found')
    const again = { filename: 'volume.mrc', total_size: 5000, fingerprint: 'open', sha256: 'ab'.repeat(32) }
    expect((await ask(anna, 'POST', '/v1/uploads/init', again)).body.upload_id).not.toBe(upload.upload_id)
    const wanted = { volume_id: job.volume_id, model: 'threshold' }
    expect(await codeOf(anna, 'POST', '/v1/jobs', wanted)).toBe('volume_not_found')
    await server.app.ready()
    await expect(server.app.injectWS(`/ws/jobs/${job.job_id}`, { headers: anna })).rejects.toThrow('404')
  })

  it("does not get another's file by sending its hash", async () => {
    await start()
    const job = await createJobOn(server)
    const volume = (await ask(AUTH, 'GET', `/v1/volumes/${job.volume_id}`)).body
    const wanted = { filename: 'x.mrc', total_size: volume.size_bytes, sha256: volume.sha256 }
    expect((await ask(AUTH, 'POST', '/v1/uploads/init', wanted)).body.volume.volume_id).toBe(job.volume_id)
    expect((await ask(await tokenOf('anna'), 'POST', '/v1/uploads/init', wanted)).body.volume).toBeUndefined()
    await finishedOn(server, job.job_id)
  })
})

describe('scopes', () => {
  it('of reading do not let anything be changed, of writing nothing be administered', async () => {
    await start()
    const reader = await tokenOf('anna', 'read')
    const writer = await tokenOf('anna', 'write')
    expect((await ask(reader, 'GET', '/v1/jobs')).status).toBe(200)
    const init = { filename: 'x.mrc', total_size: 2000 }
    expect(await ask(reader, 'POST', '/v1/uploads/init', init)).toMatchObject({ status: 403, code: 'scope_missing' })
    expect((await ask(writer, 'POST', '/v1/uploads/init', init)).status).toBe(201)
    for (const [method, url] of [
      ['GET', '/v1/admin/audit'],
      ['DELETE', '/v1/models/threshold'],
      ['POST', '/v1/models'],
      ['GET', '/v1/models/threshold/access'],
      ['PUT', '/v1/models/threshold/access'],
    ] as const)
      expect(await ask(writer, method, url), `${method} ${url}`).toMatchObject({ status: 403, code: 'scope_missing' })
    expect((await ask(await tokenOf('ada', 'admin'), 'GET', '/v1/admin/audit')).status).toBe(200)
  })

  it('end with the token', async () => {
    await start()
    const { token, record } = await server.tokens.create({ user: 'anna', scopes: ['read'], lifetimeDays: null })
    const headers = { authorization: `Bearer ${token}` }
    expect((await ask(headers, 'GET', '/v1/jobs')).status).toBe(200)
    await server.tokens.revoke(record.tokenId)
    expect(await ask(headers, 'GET', '/v1/jobs')).toMatchObject({ status: 401, code: 'unauthorized' })
    expect(await codeOf(await tokenOf('anna', 'read', -1), 'GET', '/v1/jobs')).toBe('token_expired')
  })

  it('are asked for by every address but those of health and of signed links', async () => {
    await start()
    const open: string[] = []
    for (const { method, url } of server.app.routeList) {
      const reply = await server.app.inject({ method: method as 'GET', url: url.replace(/:\w+/g, 'x') })
      if (reply.statusCode !== 401) open.push(`${method} ${url}`)
    }
    const expected = ['/metrics', '/v1/openapi.json', '/v1/healthz', '/v1/readyz', '/v1/files/:jobId/:name']
    const addresses = open.map((one) => one.split(' ')[1]).filter((url) => !url.startsWith('/docs'))
    expect([...new Set(addresses)].sort()).toEqual(expected.sort())
    const strangers = ['', 'Bearer ', 'Basic b3duZXI6', `Bearer ${'x'.repeat(9000)}`, 'Bearer cm_wrong']
    for (const authorization of strangers)
      expect((await ask({ authorization }, 'GET', '/v1/jobs')).code).toBe('unauthorized')
  })
})

describe('a project', () => {
  it('lets members of the group see and use, and its owner alone change', async () => {
    await start()
    const job = await finishedOn(server, (await createJobOn(server)).job_id)
    for (const user of ['owner', 'anna']) await server.people.addMember('lab', user)
    const anna = await tokenOf('anna')
    const volumeUrl = `/v1/volumes/${job.volume_id}`
    const jobUrl = `/v1/jobs/${job.job_id}`
    expect(await codeOf(AUTH, 'PUT', `${jobUrl}/project`, { project: 'other' })).toBe('project_not_found')
    expect((await ask(AUTH, 'PUT', `${jobUrl}/project`, { project: 'lab' })).body.project).toBe('lab')
    expect((await ask(AUTH, 'PUT', `${volumeUrl}/project`, { project: 'lab' })).body.project).toBe('lab')
    expect(((await ask(anna, 'GET', '/v1/jobs')).body as JobList).jobs.map((one) => one.owner)).toEqual(['owner'])
    expect(((await ask(anna, 'GET', '/v1/volumes')).body as VolumeList).volumes).toHaveLength(1)
    expect((await ask(anna, 'GET', `${jobUrl}/artifacts`)).body.artifacts.length).toBeGreaterThan(3)
    for (const [method, url] of [
      ['DELETE', jobUrl],
      ['POST', `${jobUrl}/retry`],
      ['DELETE', volumeUrl],
    ] as const)
      expect(await codeOf(anna, method, url), `${method} ${url}`).toBe('not_owner')
    expect(await codeOf(anna, 'POST', `${jobUrl}/postprocess`, { threshold: 0.5 })).toBe('not_owner')
    expect(await codeOf(anna, 'PUT', `${volumeUrl}/project`, { project: null })).toBe('not_owner')
    const own: Job = (
      await ask(anna, 'POST', '/v1/jobs', { volume_id: job.volume_id, model: 'threshold', project: 'lab' })
    ).body
    expect(own).toMatchObject({ owner: 'anna', project: 'lab' })
    expect((await finishedOn(server, own.job_id)).state).toBe('completed')
    await server.people.removeMember('lab', 'anna')
    expect(await codeOf(anna, 'GET', jobUrl)).toBe('job_not_found')
    expect((await ask(anna, 'GET', `/v1/jobs/${own.job_id}`)).status).toBe(200)
  })

  it('pages through own and shared jobs without a gap', async () => {
    await start()
    await server.people.addMember('lab', 'owner')
    await server.people.addMember('lab', 'anna')
    const first = await createJobOn(server, { project: 'lab' })
    const anna = await tokenOf('anna')
    await ask(AUTH, 'PUT', `/v1/volumes/${first.volume_id}/project`, { project: 'lab' })
    const ids = [first.job_id]
    for (const headers of [anna, AUTH, anna]) {
      const wanted = { volume_id: first.volume_id, model: 'threshold', project: 'lab' }
      ids.push((await ask(headers, 'POST', '/v1/jobs', wanted)).body.job_id)
    }
    const page = (await ask(anna, 'GET', '/v1/jobs?limit=3')).body as JobList
    const rest = (await ask(anna, 'GET', `/v1/jobs?limit=3&cursor=${page.next_cursor}`)).body as JobList
    expect([...page.jobs, ...rest.jobs].map((one) => one.job_id)).toEqual(ids.reverse())
    for (const id of ids) await finishedOn(server, id)
  })
})

it('a model kept for a group is not there for others', async () => {
  await start()
  await server.people.addMember('lab', 'anna')
  const put = await ask(AUTH, 'PUT', '/v1/models/threshold/access', { groups: ['lab'] })
  expect(put).toMatchObject({ status: 200, body: { groups: ['lab'] } })
  const ben = await tokenOf('ben')
  expect((await ask(ben, 'GET', '/v1/models')).body.models).toEqual([])
  expect(await codeOf(ben, 'GET', '/v1/models/threshold')).toBe('model_not_found')
  const wanted = { volume_id: '0197f0f0-0000-7000-8000-000000000000', model: 'threshold' }
  expect(await codeOf(ben, 'POST', '/v1/jobs', wanted)).toBe('model_not_found')
  expect((await ask(await tokenOf('anna'), 'GET', '/v1/models')).body.models).toHaveLength(1)
  expect((await ask(AUTH, 'GET', '/v1/models')).body.models).toHaveLength(1)
})

describe.runIf(hasCompiledServer)('the command line beside a running server', () => {
  it('makes a token that works at once, and ends it at once', async () => {
    await start()
    const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-people-'))
    const real = await startRealServer(folder, 0, { CRYOMAMBA_TOKEN: 'off' })
    try {
      expect(real.token).toBeNull()
      const entry = path.join(path.dirname(SERVER_ENTRY), 'people-command.js')
      const env = { ...process.env, ...(await databaseSetting(folder)) }
      const run = async (...args: string[]) =>
        JSON.parse(
          (await promisify(execFile)(process.execPath, [entry, ...args, '--data', folder, '--json'], { env })).stdout,
        )
      const { token, token_id: id } = await run('token', 'create', '--user', 'anna')
      const look = async () =>
        (await fetch(`${real.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } })).status
      expect(await look()).toBe(200)
      await run('token', 'revoke', id)
      expect(await look()).toBe(401)
    } finally {
      await real.stop()
      await rm(folder, { recursive: true })
    }
  })
})
