import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { writePart } from './part-writer.ts'

const BYTES = Buffer.from('the bytes of a part')

async function* body(): AsyncIterable<Uint8Array> {
  yield BYTES
}

function write(change: Partial<Pick<FileHandle, 'writev' | 'datasync'>>) {
  const file = {
    writev: async (chunks: Uint8Array[]) => ({ bytesWritten: Buffer.concat(chunks).length, buffers: chunks }),
    datasync: async () => undefined,
    ...change,
  } as unknown as FileHandle
  return writePart(body(), {
    file,
    offsetBytes: 0,
    partIndex: 0,
    expectedBytes: BYTES.length,
    announced: createHash('sha256').update(BYTES).digest('hex'),
    idleMs: 60_000,
    signal: new AbortController().signal,
  })
}

const failing = (code: string) => async () => {
  throw Object.assign(new Error('write'), { code })
}

it('counts a part once it is synced', async () => {
  let isSynced = false
  const datasync = async () => {
    isSynced = true
  }
  expect(await write({ datasync })).toMatchObject({ sizeBytes: BYTES.length })
  expect(isSynced).toBe(true)
})

it.each(['ENOSPC', 'EDQUOT'])(
  'says that the disk is full where %s comes with a write, or only with the sync',
  async (code) => {
    for (const change of [{ writev: failing(code) }, { datasync: failing(code) }])
      await expect(write(change)).rejects.toMatchObject({ code: 'disk_full', retryable: true })
  },
)

it('lets what else a sync meets be what it is', async () => {
  await expect(write({ datasync: failing('EIO') })).rejects.toMatchObject({ code: 'EIO' })
})
