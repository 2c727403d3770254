import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import type { CryoMambaClient, WatchOptions } from '../../shared/client/api.ts'
import type { CommandIo } from './command.ts'
import { segmentVolume } from './segment-volume.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-segment-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const progress = (change: object) => ({
  ...{ tiles_done: 15, tiles_total: 60, tiles_per_second: 2, seconds_left: 23 },
  ...{ queue_position: null, estimated_start: null, ...change },
})

it('says of a job that is paused elsewhere what it waits for', async () => {
  const file = path.join(folder, 'a.mrc')
  await writeFile(file, mrcBytes({ body: new Uint8Array(2 * 7 * 5 * 3) }))
  const watchJob = async (_id: string, { onFrame }: WatchOptions) => {
    const tell = (type: string, data: object) => onFrame?.({ type, seq: 1, job_id: 'j', data } as never)
    tell('progress', progress({}))
    tell('state', { state: 'paused', attempt: 1 })
    tell('progress', progress({ tiles_done: 0, queue_position: 1 }))
    return { job_id: 'j', state: 'completed' }
  }
  const client = {
    info: async () => ({}),
    models: async () => [{ id: 'm', version: '1', channels: [{}], divisible_by_zyx: [1, 1, 1] }],
    upload: async () => ({ volume_id: 'v' }),
    createJob: async () => ({ job_id: 'j', progress: progress({ tiles_done: 0 }) }),
    artifacts: async () => [],
    watchJob,
  } as unknown as CryoMambaClient
  const lines: string[] = []
  const io: CommandIo = {
    ...{ out: vi.fn(), err: vi.fn(), progress: vi.fn(), isTerminal: false, signal: new AbortController().signal },
    line: (text) => lines.push(text),
  }
  await segmentVolume(client, { files: [file], model: 'm', params: {} }, io)
  expect(lines.slice(-2)).toEqual([
    'Paused 25 %: the job goes on once it is resumed, in the window or with POST /v1/jobs/j/resume',
    'Queued 0 %: position 1',
  ])
})
