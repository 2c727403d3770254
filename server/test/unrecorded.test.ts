import path from 'node:path'
import Database from 'libsql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createJobOn, finishedOn, jobOn } from './job-calls.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, until } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

let server: TestServer
let database: InstanceType<typeof Database>
beforeEach(async () => {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest() })
  database = new Database(path.join(server.dataFolder, 'cryomamba.sqlite'))
  database.pragma('busy_timeout = 5000')
})
afterEach(async () => {
  database.close()
  await server.stop()
})

/** From now on no job can be recorded in these states, as on a full disk. @returns what ends that */
function refuseStates(...states: string[]): () => void {
  const list = states.map((state) => `'${state}'`).join(', ')
  database.exec(`create trigger refuse before update of state on jobs when new.state in (${list})
    begin select raise(abort, 'full'); end`)
  return () => void database.exec('drop trigger refuse')
}

const retry = (jobId: string) =>
  server.app.inject({ method: 'POST', url: `/v1/jobs/${jobId}/retry`, headers: AUTH, payload: {} })

describe.runIf(process.env.CRYOMAMBA_TEST_DATABASE !== 'postgres')('a job that cannot be marked as running', () => {
  it('fails, and its device takes the next one', async () => {
    const allow = refuseStates('running')
    const first = await createJobOn(server)
    expect((await finishedOn(server, first.job_id)).state).toBe('failed')
    allow()
    const next = await createJobOn(server)
    expect((await finishedOn(server, next.job_id)).state).toBe('completed')
  })

  it('runs after a retry, although its failure was not recorded before', async () => {
    const allow = refuseStates('running', 'failed')
    const { job_id: jobId } = await createJobOn(server)
    await until(async () => (await jobOn(server, jobId)).state === 'failed')
    allow()
    expect((await retry(jobId)).statusCode).toBe(202)
    expect((await until(async () => isOver(await jobOn(server, jobId)))).state).toBe('completed')
  })
})

function isOver(job: Awaited<ReturnType<typeof jobOn>>) {
  return job.state === 'completed' || job.state === 'failed' ? job : null
}
