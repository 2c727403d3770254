import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { watchedBody } from './body-watch.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const limits = (signal = new AbortController().signal, idleMs = 60_000) => ({ partIndex: 3, idleMs, signal })

describe('the body of a part', () => {
  it('is let go chunk by chunk while it is read', async () => {
    const seen: WeakRef<Uint8Array>[] = []
    async function* body() {
      for (let i = 0; i < 50; i++) yield new Uint8Array(1024)
      await new Promise(setImmediate)
      collectGarbage()
      expect(seen.filter((chunk) => chunk.deref()).length).toBeLessThan(5)
    }
    for await (const chunk of watchedBody(body(), limits())) seen.push(new WeakRef(chunk))
    expect(seen.length).toBe(50)
  })

  it('ends when its sender is replaced, also while nothing comes', async () => {
    const stop = new AbortController()
    async function* body() {
      yield new Uint8Array(4)
      stop.abort()
      await new Promise(() => undefined)
    }
    const read = async () => {
      for await (const chunk of watchedBody(body(), limits(stop.signal))) expect(chunk.length).toBe(4)
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
      for await (const chunk of watchedBody(body(), limits(undefined, 100))) expect(chunk.length).toBe(1)
    }
    await expect(read()).rejects.toMatchObject({ code: 'upload_stalled' })
  })

  it('says that the connection was lost, with the cause', async () => {
    async function* body() {
      yield new Uint8Array(1)
      throw new Error('aborted')
    }
    const read = async () => {
      for await (const chunk of watchedBody(body(), limits())) expect(chunk.length).toBe(1)
    }
    await expect(read()).rejects.toMatchObject({ code: 'upload_connection_lost', cause: { message: 'aborted' } })
  })
})
