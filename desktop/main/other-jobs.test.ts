import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import type { CryoMambaClient } from '../../shared/client/api.ts'
import type { Connection, OpenedVolume } from '../../shared/contract/bridge.ts'
import type { Job } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { OtherJobs, type OtherJobsDeps } from './other-jobs.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-other-jobs-'))
  file = path.join(folder, 'a.mrc')
  writeFileSync(file, mrcBytes({ body: new Uint8Array(2 * 7 * 5 * 3) }))
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true, force: true })
})

const job = (id: string, change: object = {}) => ({
  ...{ job_id: id, volume_id: 'v', state: 'completed', model: 'm', created_at: 't', progress: {}, error: null },
  owner: 'anna',
  ...change,
})

const JOBS = [job('one'), job('two'), job('hers', { owner: 'bo' }), job('gone', { volume_id: 'w' })]

function begin({ kind = 'server', jobs = JOBS }: { kind?: string; jobs?: ReturnType<typeof job>[] } = {}) {
  const bytes = readFileSync(file)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const known = { volume_id: 'v', filename: 'same.mrc', size_bytes: bytes.length, sha256 }
  const client = {
    jobPage: vi.fn(async ({ limit, cursor }: { limit: number; cursor: string | null }) => {
      const from = cursor === null ? 0 : jobs.findIndex(({ job_id }) => job_id === cursor) + 1
      const page = jobs.slice(from, from + limit)
      return { jobs: page, next_cursor: from + limit < jobs.length ? page[page.length - 1].job_id : null }
    }),
    job: async (id: string) => job(id, id === 'far' ? { volume_id: 'x' } : {}),
    volumes: vi.fn(async () => [known]),
    volume: vi.fn(async (id: string) => {
      if (id === 'v') return known
      if (id === 'x') return { ...known, volume_id: 'x', filename: 'far.mrc', size_bytes: 1 }
      throw new DomainError('volume_not_found')
    }),
  } as unknown as CryoMambaClient
  const runs = {
    jobIds: ['two'],
    adopt: vi.fn(() => ({ run_ref: 'r' })),
    layOver: vi.fn(),
    jobOf: vi.fn(async (ref: string) => ({
      job: job(ref === 'near' ? 'one' : 'far', ref === 'near' ? {} : { volume_id: 'x' }),
      client,
      name: 'far.mrc',
    })),
  }
  const connection = { kind, me: { user: 'anna' } } as unknown as Connection
  const openFile = () => ({ volume: { volume_ref: 'open', mode0: null } as OpenedVolume, file })
  const deps = { current: () => ({ client, connection }), runs, openFile } as unknown as OtherJobsDeps
  return { other: new OtherJobs(deps), runs, client }
}

const list = async (other: OtherJobs) => (await other.list({ most_jobs: 50 })).jobs

it('lists jobs of the same user that have no run here, with how their volumes stand to the open file', async () => {
  const { other } = begin()
  const facts = async () => (await list(other)).map(({ job_id, volume_name, match }) => [job_id, volume_name, match])
  expect(await facts()).toEqual([
    ['one', 'same.mrc', 'comparing'],
    ['gone', null, 'gone'],
  ])
  await vi.waitFor(async () => expect((await facts())[0]).toEqual(['one', 'same.mrc', 'open']))
})

it('looks as far back as it is told, in lists as long as the server gives them', async () => {
  const { other, client } = begin({ jobs: Array.from({ length: 450 }, (_, i) => job(`job-${i}`)) })
  const look = async (most_jobs: number) => {
    vi.mocked(client.jobPage).mockClear()
    const { jobs, has_older } = await other.list({ most_jobs })
    return [jobs.length, jobs.at(-1)?.job_id, has_older, vi.mocked(client.jobPage).mock.calls.length]
  }
  expect(await look(50)).toEqual([50, 'job-49', true, 1])
  expect(await look(250)).toEqual([250, 'job-249', true, 2])
  expect(await look(450)).toEqual([450, 'job-449', false, 3])
  expect(await look(1000)).toEqual([450, 'job-449', false, 3])
})

it('asks for the volumes once, and at every further look for the jobs alone', async () => {
  const { other, client } = begin()
  for (let look = 0; look < 3; look++) await list(other)
  expect(client.jobPage).toHaveBeenCalledTimes(3)
  expect(client.volumes).toHaveBeenCalledTimes(1)
  expect(client.volume).toHaveBeenCalledTimes(1)
  const now = [job('new', { volume_id: 'x' }), job('one')] as unknown as Job[]
  vi.mocked(client.jobPage).mockResolvedValueOnce({ jobs: now, next_cursor: null })
  expect((await list(other))[0].volume_name).toBe('far.mrc')
  expect(client.volumes).toHaveBeenCalledTimes(1)
  expect(client.volume).toHaveBeenCalledTimes(2)
})

it('finds out some minutes later that a volume is gone', async () => {
  const { other, client } = begin()
  await list(other)
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(Date.now() + 6 * 60_000)
  vi.mocked(client.volumes).mockResolvedValue([])
  vi.mocked(client.volume).mockRejectedValue(new DomainError('volume_not_found'))
  expect((await list(other)).map(({ match }) => match)).toEqual(['gone', 'gone'])
})

it('lists none of the server on this computer', async () => {
  expect(await list(begin({ kind: 'local' }).other)).toEqual([])
})

it('lays an adopted job over the open file only where that has the same bytes', async () => {
  const { other, runs } = begin()
  expect(await other.adopt({ job_id: 'one', is_retry: false })).toEqual({ run_ref: 'r' })
  expect(runs.adopt).toHaveBeenLastCalledWith(
    expect.objectContaining({ volumeName: 'same.mrc', open: expect.objectContaining({ file }), isRetry: false }),
  )
  await other.adopt({ job_id: 'far', is_retry: true })
  expect(runs.adopt).toHaveBeenLastCalledWith(
    expect.objectContaining({ volumeName: 'far.mrc', open: null, isRetry: true }),
  )
})

it('lays a run over the open file later, and says so where it cannot', async () => {
  const { other, runs } = begin()
  await other.layOverOpenFile('near')
  expect(runs.layOver).toHaveBeenCalledWith('near', expect.objectContaining({ file }))
  await expect(other.layOverOpenFile('else')).rejects.toMatchObject({
    code: 'run_volume_elsewhere',
    message: expect.stringContaining('far.mrc'),
  })
})
