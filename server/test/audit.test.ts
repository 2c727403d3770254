import { afterEach, describe, expect, it } from 'vitest'
import type { AuditList } from '../../shared/contract/people.ts'
import { AUDITED } from '../plugins/audit.ts'
import { createJobOn, finishedOn } from './job-calls.ts'
import { callsOn } from './people-calls.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, until } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

let server: TestServer
afterEach(() => server.stop())

async function start(): Promise<void> {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest() })
}

const { ask, tokenOf } = callsOn(() => server)

describe('the audit log', () => {
  it('tells who did what to what, refused tries included, and no file names', async () => {
    await start()
    const job = await finishedOn(server, (await createJobOn(server)).job_id)
    const anna = await tokenOf('anna')
    await ask(anna, 'DELETE', `/v1/jobs/${job.job_id}`)
    await ask(AUTH, 'DELETE', `/v1/jobs/${job.job_id}`)
    const entries = await until(async () => {
      const found = ((await ask(AUTH, 'GET', '/v1/admin/audit')).body as AuditList).entries
      return found.length >= 5 && found
    })
    const told = entries.map(({ user, action, subject, status }) => ({ user, action, subject, status }))
    expect(told).toEqual([
      { user: 'owner', action: 'job.cancel', subject: job.job_id, status: 200 },
      { user: 'anna', action: 'job.cancel', subject: job.job_id, status: 404 },
      { user: 'owner', action: 'job.create', subject: job.job_id, status: 202 },
      { user: 'owner', action: 'upload.complete', subject: job.volume_id, status: 202 },
      { user: 'owner', action: 'upload.begin', subject: job.volume_id, status: 201 },
    ])
    expect(JSON.stringify(entries)).not.toContain('volume.mrc')
    const annas = (await ask(AUTH, 'GET', '/v1/admin/audit?user=anna&limit=1')).body as AuditList
    expect(annas.entries).toMatchObject([{ user: 'anna', action: 'job.cancel' }])
    const later = new Date(Date.now() + 1000).toISOString()
    expect(await server.people.removeAuditBefore(later)).toBe(5)
  })

  it('does not write down what a refused try has in place of an id', async () => {
    await start()
    for (const url of ['/v1/volumes/Mueller_1957', '/v1/volumes/mueller-1957.mrc', '/v1/models/M%C3%BCller%201957'])
      await ask(AUTH, 'DELETE', url)
    const unknown = '00000000-0000-7000-8000-000000000000'
    for (const url of [`/v1/volumes/${unknown}`, '/v1/models/unet.small@1.0.0-b'])
      expect((await ask(AUTH, 'DELETE', url)).status).toBe(404)
    const entries = await until(async () => {
      const found = ((await ask(AUTH, 'GET', '/v1/admin/audit')).body as AuditList).entries
      return found.length >= 5 && found
    })
    const subjects = entries.map(({ subject }) => subject).filter((subject) => subject !== null)
    expect(subjects.sort()).toEqual([unknown, 'unet.small@1.0.0-b'].sort())
  })

  it('tells once of each link that was used: who got it, whatever number of ranges it was read in', async () => {
    await start()
    await server.people.addMember('lab', 'anna')
    await server.people.addMember('lab', 'owner')
    const job = await finishedOn(server, (await createJobOn(server, { project: 'lab' })).job_id)
    const anna = await tokenOf('anna')
    const given = await ask(anna, 'GET', `/v1/jobs/${job.job_id}/artifacts`)
    const link = given.body.artifacts.find((one: { name: string }) => one.name === 'mask.mrc').url
    const original = `/v1/jobs/${job.job_id}/artifacts/mask.mrc`
    const redirected = (await server.app.inject({ url: original, headers: anna })).headers.location as string
    for (const range of ['bytes=0-9', 'bytes=10-19', 'bytes=-1'])
      for (const url of [link, redirected])
        expect((await server.app.inject({ url, headers: { range } })).statusCode).toBe(206)
    expect((await server.app.inject({ url: `${link}x` })).statusCode).toBe(403)
    const annas = await until(async () => {
      const found = ((await ask(AUTH, 'GET', '/v1/admin/audit?user=anna')).body as AuditList).entries
      return found.length >= 4 && found
    })
    const told = annas.map(({ action, subject, status }) => `${action} ${subject} ${status}`)
    expect(told.sort()).toEqual(
      ['job.download', 'job.download', 'job.links', 'job.links']
        .map((action, index) => `${action} ${job.job_id} ${[206, 206, 200, 302][index]}`)
        .sort(),
    )
  })

  it('has a name for every address but those listed here, which change nothing and hand out no result', async () => {
    await start()
    const addresses = server.app.routeList.filter(({ method }) => !['HEAD', 'OPTIONS'].includes(method))
    const unnamed = addresses.map(({ method, url }) => `${method} ${url}`).filter((one) => !(one in AUDITED))
    expect([...new Set(unnamed)].filter((one) => !one.startsWith('GET /docs')).sort()).toEqual([
      'GET /metrics',
      'GET /v1/admin/audit',
      'GET /v1/admin/overview',
      'GET /v1/gpu/status',
      'GET /v1/healthz',
      'GET /v1/jobs',
      'GET /v1/jobs/:jobId',
      'GET /v1/me',
      'GET /v1/models',
      'GET /v1/models/:id',
      'GET /v1/models/:id/access',
      'GET /v1/openapi.json',
      'GET /v1/readyz',
      'GET /v1/server/info',
      'GET /v1/uploads/:uploadId',
      'GET /v1/uploads/:uploadId/status',
      'GET /v1/volumes',
      'GET /v1/volumes/:volumeId',
      // Shows previews while a job runs; its ticket has a line.
      'GET /ws/jobs/:jobId',
      'POST /v1/jobs/estimate',
      'PUT /v1/jobs/:jobId',
      // A part belongs to its upload's lines.
      'PUT /v1/uploads/:uploadId/part/:partIndex',
    ])
  })
})
