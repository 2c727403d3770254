import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { watchedBody } from './body-watch.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const limits = (signal = new AbortController().signal, idleMs = 60_000) => ({ partIndex: 3, idleMs, signal })

describe('the body of a part', () => {
  it('is let go batch by batch while it is read', async () => {
    const seen: WeakRef<Uint8Array>[] = []
    async function* body() {
      for (let i = 0; i < 400; i++) yield new Uint8Array(64 * 1024)
      await new Promise(setImmediate)
      collectGarbage()
      expect(seen.length).toBeGreaterThan(300)
      // Those of a batch, and what streams hold.
      expect(seen.filter((chunk) => chunk.deref()).length).toBeLessThan(60)
    }
    for await (const batch of watchedBody(body(), limits())) for (const chunk of batch) seen.push(new WeakRef(chunk))
    expect(seen.length).toBe(400)
  })

  it('comes whole and in order, however busy its reader is, and waits meanwhile', async () => {
    let numGiven = 0
    async function* body() {
      for (let i = 0; i < 100; i++) {
        numGiven++
        yield new Uint8Array(200_000).fill(i)
      }
    }
    const seen: number[] = []
    for await (const batch of watchedBody(body(), limits())) {
      seen.push(...batch.map(([value]) => value))
      await new Promise((resolve) => setTimeout(resolve, 5))
      // Two batches, and the 16 chunks that a stream itself holds.
      expect(numGiven - seen.length).toBeLessThan(32)
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i))
  })

  it('that is gone before it is read is a lost connection, and an empty one is empty', async () => {
    const gone = Readable.from([])
    gone.destroy()
    await expect(watchedBody(gone, limits()).next()).rejects.toMatchObject({ code: 'upload_connection_lost' })
    expect((await watchedBody(Readable.from([]), limits()).next()).done).toBe(true)
  })

  it('ends when its sender is replaced, also while nothing comes', async () => {
    const stop = new AbortController()
    async function* body() {
      yield new Uint8Array(4)
      stop.abort()
      await new Promise(() => undefined)
    }
    const read = async () => {
      for await (const batch of watchedBody(body(), limits(stop.signal))) expect(batch).toEqual([])
    }
    await expect(read()).rejects.toMatchObject({ code: 'canceled' })
  })

  it('ends when it only trickles', async () => {
    async function* body() {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        yield new Uint8Array(1)
      }
    }
    const read = async () => {
      for await (const batch of watchedBody(body(), limits(undefined, 100))) expect(batch).toEqual([])
    }
    await expect(read()).rejects.toMatchObject({ code: 'upload_stalled' })
  })

  it('says that the connection was lost, with the cause', async () => {
    async function* body() {
      yield new Uint8Array(1)
      throw new Error('aborted')
    }
    const read = async () => {
      for await (const batch of watchedBody(body(), limits())) expect(batch).toEqual([])
    }
    await expect(read()).rejects.toMatchObject({ code: 'upload_connection_lost', cause: { message: 'aborted' } })
  })
})
