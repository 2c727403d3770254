import { expect, it } from 'vitest'
import type { Upload } from '../contract/uploads.ts'
import { DomainError } from '../errors/domain-error.ts'
import { hashHere } from './part-hashes.ts'
import { PartSender } from './part-sender.ts'
import { TransferClock } from './transfer-clock.ts'
import { TransferControl } from './transfer-control.ts'
import type { UploadRun } from './upload.ts'

it('ends after a pause in which nothing was left to send', async () => {
  const upload = {
    upload_id: 'u',
    total_size: 8,
    chunk_size: 4,
    total_parts: 2,
    received_parts: [],
  } as unknown as Upload
  const control = new TransferControl()
  const asked: string[] = []
  const json = async ({ method, url }: { method: string; url: string }) => {
    asked.push(`${method} ${url}`)
    // The first part arrives, but not its answer; meanwhile the second one gets through.
    if (url.endsWith('part/0')) throw new DomainError('server_unreachable', { url })
    return { ...upload, received_parts: method === 'GET' ? [0, 1] : [] }
  }
  const run = {
    control,
    clock: new TransferClock(8),
    signal: control.cancelSignal,
    http: { address: { url: 'http://server', token: 't' }, json },
    source: { sizeBytes: 8, read: async () => new Uint8Array(4), close: async () => undefined },
    options: {},
    progressed: () => undefined,
    checkUnchanged: async () => undefined,
    survive: async () => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      control.pause()
      setTimeout(() => control.resume(), 50)
    },
  } as unknown as UploadRun
  await new PartSender(run, upload, hashHere(), null).toEnd()
  expect(asked.sort()).toEqual(['GET /v1/uploads/u', 'PUT /v1/uploads/u/part/0', 'PUT /v1/uploads/u/part/1'])
}, 5_000)
