import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createJobOn, finishedOn, SHAPE, VOXELS } from './job-calls.ts'
import { makeMrc } from './make-mrc.ts'
import { POSTGRES_BIN, postgresUrl, startPostgres, type TestPostgres } from './postgres.ts'
import {
  AUTH,
  initUpload,
  inProcessLauncher,
  makeTestServer,
  putPart,
  type TestServer,
  until,
  uploadAll,
} from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

/** PostgreSQL is ended, as by a power cut, and started again under a running server. */
describe.runIf(POSTGRES_BIN)('a server whose database goes away', () => {
  let postgres: TestPostgres
  let server: TestServer
  let numDatabases = 0
  let onRun: (run: number) => void | Promise<void>
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.remove())
  beforeEach(async () => {
    onRun = () => undefined
    const name = `outage_${numDatabases++}`
    const admin = new pg.Client({ connectionString: postgresUrl(postgres.port, 'postgres') })
    await admin.connect()
    await admin.query(`create database ${name}`)
    await admin.end()
    server = await makeTestServer({
      launcher: inProcessLauncher(fakeThresholdNetwork((run) => onRun(run)).createSession),
      manifest: thresholdManifest(),
      change: { databaseUrl: postgresUrl(postgres.port, name) },
    })
  })
  afterEach(() => server.stop())

  const ask = (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) =>
    server.app.inject({ method, url, headers: AUTH, ...(payload ? { payload } : {}) })
  const isReady = async () => (await ask('GET', '/v1/readyz')).statusCode === 200

  async function stopPostgres(): Promise<void> {
    await postgres.stop()
    await until(async () => !(await isReady()))
  }

  async function startAgain(): Promise<void> {
    await postgres.start()
    await until(isReady)
  }

  it('answers every request that needs it with a problem that passes, and serves again by itself', async () => {
    const bytes = makeMrc(VOXELS, SHAPE)
    const volume = await uploadAll(server, bytes)
    const upload = await initUpload(server, new Uint8Array(1500))
    await stopPostgres()
    const replies = [
      await ask('GET', '/v1/volumes'),
      await ask('GET', `/v1/volumes/${volume.volume_id}`),
      await ask('DELETE', `/v1/volumes/${volume.volume_id}`),
      await ask('GET', '/v1/jobs'),
      await ask('POST', '/v1/jobs', { volume_id: volume.volume_id, model: 'threshold' }),
      await ask('POST', '/v1/uploads/init', { filename: 'a.mrc', total_size: 5000 }),
      await ask('GET', `/v1/uploads/${upload.upload_id}`),
      await ask('POST', `/v1/uploads/${upload.upload_id}/complete`, {}),
      await putPart(server, upload.upload_id, 1, new Uint8Array(500)),
    ]
    for (const reply of replies) {
      expect(reply.statusCode, reply.body).toBe(503)
      expect(reply.json()).toMatchObject({ code: 'database_unavailable', retryable: true })
    }
    expect((await ask('GET', '/v1/healthz')).statusCode).toBe(200)
    await startAgain()
    expect((await ask('GET', `/v1/volumes/${volume.volume_id}`)).json().sha256).toBe(volume.sha256)
    expect((await putPart(server, upload.upload_id, 1, new Uint8Array(500))).statusCode).toBe(200)
    expect((await ask('GET', `/v1/uploads/${upload.upload_id}`)).json().received_parts).toEqual([1])
  })

  it('records the result of a job that ended meanwhile, and runs the one that waited', async () => {
    let goOn: () => void = () => undefined
    const isStopped = new Promise<void>((resolve) => {
      goOn = resolve
    })
    let numRuns = 0
    onRun = (run) => {
      numRuns = run
      return run === 3 ? isStopped : undefined
    }
    const first = await createJobOn(server)
    const second = await createJobOn(server)
    await until(async () => numRuns >= 3)
    await stopPostgres()
    goOn()
    // Long enough for the few tiles that are left, so that the result is there before the database is.
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(await isReady()).toBe(false)
    await startAgain()
    for (const { job_id } of [first, second]) {
      const job = await finishedOn(server, job_id)
      expect(job, JSON.stringify(job.error)).toMatchObject({ state: 'completed', attempt: 1 })
    }
  })

  it.runIf(process.platform === 'linux')('notices a database that is there and does not answer', async () => {
    await postgres.freeze()
    try {
      const waiting = await ask('GET', '/v1/volumes')
      expect(waiting.statusCode, waiting.body).toBe(503)
      expect(waiting.json()).toMatchObject({ code: 'database_unavailable' })
      expect(await isReady()).toBe(false)
    } finally {
      await postgres.thaw()
    }
    await until(isReady)
    expect((await ask('GET', '/v1/volumes')).statusCode).toBe(200)
  })

  it('finishes an upload that was being checked', async () => {
    const bytes = makeMrc(VOXELS, SHAPE)
    const upload = await initUpload(server, bytes)
    for (let index = 0; index < upload.total_parts; index++) {
      const part = bytes.subarray(index * upload.chunk_size, (index + 1) * upload.chunk_size)
      expect((await putPart(server, upload.upload_id, index, part)).statusCode).toBe(200)
    }
    const url = `/v1/uploads/${upload.upload_id}`
    const asked = ask('POST', `${url}/complete`, {})
    await stopPostgres()
    await asked
    await startAgain()
    await until(async () => {
      await ask('POST', `${url}/complete`, {})
      return (await ask('GET', url)).json().state === 'completed'
    })
  })
})
