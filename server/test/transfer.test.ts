import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { UploadOptions, UploadProgress } from '../../shared/client/api.ts'
import { createClient } from '../../shared/client/client.ts'
import { TransferControl } from '../../shared/client/transfer-control.ts'
import { createUploadStore } from '../../shared/client/upload-store-files.ts'
import type { Upload } from '../../shared/contract/uploads.ts'
import { openUpload } from '../../shared/node/open-upload.ts'
import { openTables } from '../adapters/open-database.ts'
import { startFreezingProxy } from './freezing-proxy.ts'
import { makeMrc } from './make-mrc.ts'
import { hasCompiledServer, type RealServer, startRealServer } from './real-server.ts'
import { databaseOfFolder, dropDatabaseOfFolder } from './shared-postgres.ts'

const ENV = { CRYOMAMBA_MIN_CHUNK_BYTES: '65536', CRYOMAMBA_CHUNK_BYTES: '65536' }
const SHAPE = [20, 200, 200] as const
const [FIRST_TOKEN, SECOND_TOKEN] = ['first-token-0123456789', 'second-token-0123456789']

let folder: string
let file: string
let bytes: Uint8Array
let server: RealServer
const warnings: string[] = []
const start = (port = 0, token = FIRST_TOKEN) =>
  startRealServer(path.join(folder, 'data'), port, { ...ENV, CRYOMAMBA_TOKEN: token })

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-transfer-'))
  const noise = randomBytes(SHAPE[0] * SHAPE[1] * SHAPE[2] * 2)
  bytes = makeMrc(
    Float32Array.from({ length: noise.length / 2 }, (_, i) => noise.readInt16LE(2 * i)),
    [...SHAPE],
  )
  file = path.join(folder, 'noise.mrc')
  await writeFile(file, bytes)
  warnings.length = 0
  server = await start()
})
afterEach(async () => {
  await server.stop()
  await dropDatabaseOfFolder(path.join(folder, 'data'))
  await rm(folder, { recursive: true, force: true })
})

/** Uploads the file as a program that was just started does. @returns the volume and what the run sent */
async function upload(options: Partial<UploadOptions> = {}, address: { url: string; token: string } = server) {
  const opened = await openUpload(file)
  const store = createUploadStore(path.join(folder, 'notes'), (text) => warnings.push(text))
  let firstSent: number | null = null
  try {
    const volume = await createClient(address).upload(opened.source, {
      filename: 'noise.mrc',
      modifiedMs: opened.modifiedMs,
      isUnchanged: opened.isUnchanged,
      remember: { path: file, store },
      ...options,
      onProgress: (progress) => {
        if (progress.phase === 'sending' && progress.sentBytes > 0) firstSent ??= progress.sentBytes
        options.onProgress?.(progress)
      },
    })
    return { volume, alreadyThere: firstSent ?? 0 }
  } finally {
    await opened.source.close()
  }
}

/** Calls `act` once, when a share of the file was sent. */
function atShare(share: number, act: () => void) {
  let isDone = false
  return ({ phase, sentBytes, totalBytes }: UploadProgress) => {
    if (isDone || phase !== 'sending' || sentBytes < share * totalBytes) return
    isDone = true
    act()
  }
}

/** Ends a run of the program in the middle of its upload. */
async function stopInTheMiddle(): Promise<void> {
  const stop = new AbortController()
  const run = upload({ signal: stop.signal, concurrency: 2, onProgress: atShare(0.5, () => stop.abort()) })
  await expect(run).rejects.toMatchObject({ code: 'canceled' })
}

async function expectStored(volumeId: string): Promise<void> {
  const at = path.join(folder, 'data/volumes', volumeId)
  expect(Buffer.compare(await readFile(path.join(at, (await readdir(at))[0])), bytes)).toBe(0)
}

const notes = () => readdir(path.join(folder, 'notes')).catch(() => [])
const partials = () => readdir(path.join(folder, 'data/uploads'))
async function openUploadOnServer(): Promise<Upload> {
  const [name] = await partials()
  const headers = { authorization: `Bearer ${server.token}` }
  return (
    await fetch(`${server.url}/v1/uploads/${name.replace('.partial', '')}`, { headers })
  ).json() as Promise<Upload>
}

describe.runIf(hasCompiledServer)('an upload goes on', () => {
  it('after the program was started again, with the parts that are missing only', async () => {
    await stopInTheMiddle()
    expect(await notes()).toHaveLength(1)
    const received = (await openUploadOnServer()).received_parts.length
    expect(received).toBeGreaterThan(5)
    const { volume, alreadyThere } = await upload()
    expect(alreadyThere).toBeGreaterThanOrEqual(received * 65536)
    await expectStored(volume.volume_id)
    expect(await notes()).toEqual([])
  })

  it('after connections died without an error', async () => {
    const proxy = await startFreezingProxy(server.port)
    const options = { idleMs: 400, concurrency: 3, onProgress: atShare(0.4, proxy.freeze) }
    const { volume } = await upload(options, { url: proxy.url, token: server.token })
    await expectStored(volume.volume_id)
    await proxy.close()
  })

  it('with another token that the caller gives when the old one is refused, without losing parts', async () => {
    const { port } = server
    let restarted: Promise<void> = Promise.resolve()
    let asked = 0
    const { volume } = await upload({
      concurrency: 2,
      onProgress: atShare(0.4, () => {
        restarted = server.kill().then(async () => {
          server = await start(port, SECOND_TOKEN)
        })
      }),
      renewToken: async () => {
        asked++
        return SECOND_TOKEN
      },
    })
    await restarted
    expect(asked).toBe(1)
    await expectStored(volume.volume_id)
  })

  it('by a later call where nobody gives another token at once', async () => {
    await stopInTheMiddle()
    const { port } = server
    await server.stop()
    server = await start(port, SECOND_TOKEN)
    const old = { url: server.url, token: FIRST_TOKEN }
    await expect(upload({}, old)).rejects.toMatchObject({ code: 'unauthorized' })
    const received = (await openUploadOnServer()).received_parts.length
    const { volume, alreadyThere } = await upload()
    expect(alreadyThere).toBeGreaterThanOrEqual(received * 65536)
    await expectStored(volume.volume_id)
  })

  it('after the server lost half of the parts while it goes on', async () => {
    let lost = 0
    const control = new TransferControl()
    const loseHalf = async () => {
      const dataFolder = path.join(folder, 'data')
      const db = await openTables({ dataFolder, databaseUrl: await databaseOfFolder(dataFolder) })
      const parts = await db.selectFrom('upload_parts').select('part_index').execute()
      const half = parts.map((part) => part.part_index).filter((index) => index % 2 === 0)
      const done = await db.deleteFrom('upload_parts').where('part_index', 'in', half).executeTakeFirst()
      lost = Number(done.numDeletedRows)
      await db.destroy()
      control.resume()
    }
    const onProgress = atShare(0.6, () => {
      control.pause()
      void loseHalf()
    })
    const { volume } = await upload({ control, concurrency: 2, onProgress })
    expect(lost).toBeGreaterThan(3)
    await expectStored(volume.volume_id)
  })

  it('after the file of its parts was deleted on the server', async () => {
    await stopInTheMiddle()
    const [name] = await partials()
    await rm(path.join(folder, 'data/uploads', name))
    const { volume } = await upload()
    await expectStored(volume.volume_id)
  })

  it('in a new session after the server cleaned the old one away', async () => {
    let deleted: Promise<unknown> = Promise.resolve()
    const { volume } = await upload({
      concurrency: 2,
      onProgress: atShare(0.5, () => {
        deleted = openUploadOnServer().then(({ upload_id }) =>
          fetch(`${server.url}/v1/uploads/${upload_id}`, {
            method: 'DELETE',
            headers: { authorization: `Bearer ${server.token}` },
          }),
        )
      }),
    })
    expect(await deleted).toMatchObject({ status: 204 })
    await expectStored(volume.volume_id)
  })

  it('with a warning when what it remembers is damaged', async () => {
    await stopInTheMiddle()
    const [name] = await notes()
    await writeFile(path.join(folder, 'notes', name), '{"server":')
    const { volume, alreadyThere } = await upload()
    expect(warnings).toHaveLength(1)
    expect(alreadyThere).toBeGreaterThan(5 * 65536)
    await expectStored(volume.volume_id)
  })

  it('after a pause, in which nothing is sent', async () => {
    const control = new TransferControl()
    let receivedInPause: number[] = []
    const { volume } = await upload({
      control,
      onProgress: atShare(0.5, () => {
        control.pause()
        void (async () => {
          await new Promise((resolve) => setTimeout(resolve, 300))
          const first = (await openUploadOnServer()).received_parts.length
          await new Promise((resolve) => setTimeout(resolve, 300))
          receivedInPause = [first, (await openUploadOnServer()).received_parts.length]
          control.resume()
        })()
      }),
    })
    expect(receivedInPause[0]).toBeGreaterThan(0)
    expect(receivedInPause[1]).toBe(receivedInPause[0])
    await expectStored(volume.volume_id)
  })
})

describe.runIf(hasCompiledServer)('an upload', () => {
  it('that is canceled leaves nothing on the server and nothing to remember', async () => {
    const control = new TransferControl()
    const run = upload({ control, onProgress: atShare(0.5, () => control.cancel()) })
    await expect(run).rejects.toMatchObject({ code: 'canceled' })
    expect(await partials()).toEqual([])
    expect(await notes()).toEqual([])
  })

  it('of a file that changes meanwhile is refused and deleted', async () => {
    let changed: Promise<void> = Promise.resolve()
    const onProgress = atShare(0.3, () => {
      changed = utimes(file, new Date(), new Date(Date.now() + 5000))
    })
    await expect(upload({ concurrency: 1, onProgress })).rejects.toMatchObject({ code: 'file_changed' })
    await changed
    expect(await partials()).toEqual([])
  })

  it('of a file that changed since the last run begins anew and leaves nothing of the old one', async () => {
    await stopInTheMiddle()
    bytes[bytes.length - 1] ^= 1
    await writeFile(file, bytes)
    await utimes(file, new Date(), new Date(Date.now() + 5000))
    const { volume } = await upload()
    await expectStored(volume.volume_id)
    expect(await partials()).toEqual([])
  })

  it('keeps to its limit', async () => {
    const startMs = performance.now()
    await upload({ control: new TransferControl(bytes.length) })
    // A second for the file; what the bucket holds at most goes ahead.
    expect(performance.now() - startMs).toBeGreaterThan(700)
  })

  it('of a large file under another name and time is not sent when the server has it', async () => {
    const sizes = [40, 1000, 1000]
    const large = new Uint8Array(1024 + sizes[0] * sizes[1] * sizes[2] * 4)
    large.set(makeMrc(new Float32Array(0), [40, 1000, 1000]).subarray(0, 1024))
    randomBytes(1000).copy(large, 50_000_000)
    file = path.join(folder, 'large.mrc')
    await writeFile(file, large)
    const first = await upload({ chunkBytes: 32 * 1024 * 1024 })
    expect(first.volume.sha256).toBe(createHash('sha256').update(large).digest('hex'))
    file = path.join(folder, 'copy.mrc')
    await writeFile(file, large)
    const phases = new Set<string>()
    const again = await upload({ onProgress: ({ phase }) => void phases.add(phase) })
    expect(again.volume.volume_id).toBe(first.volume.volume_id)
    expect(phases.has('sending')).toBe(false)
  })
})
