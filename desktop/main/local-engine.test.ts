import type { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LocalEngine } from './local-engine.ts'

const made = vi.hoisted(() => [] as FakeProcess[])

interface FakeProcess extends EventEmitter {
  kill(): void
}

vi.mock('electron', async () => {
  const { EventEmitter } = await import('node:events')
  const fork = () => {
    const process = Object.assign(new EventEmitter(), { postMessage: vi.fn(), kill: vi.fn() })
    made.push(process)
    return process
  }
  return { utilityProcess: { fork } }
})

describe('the server on this computer', () => {
  beforeEach(() => {
    made.length = 0
    vi.useFakeTimers()
  })
  afterEach(() => vi.useRealTimers())

  const startOne = () => {
    const engine = new LocalEngine({ entry: '/program/embedded.js', data: '/data' }, () => undefined)
    return { address: engine.start(), server: made[0] }
  }

  it('is left running once it is ready, however long', async () => {
    const { address, server } = startOne()
    server.emit('message', { type: 'ready', url: 'http://127.0.0.1:1', token: 't' })
    expect(await address).toEqual({ url: 'http://127.0.0.1:1', token: 't' })
    await vi.advanceTimersByTimeAsync(24 * 3600_000)
    expect(server.kill).not.toHaveBeenCalled()
  })

  it('is ended where it is not ready in time', async () => {
    const { address, server } = startOne()
    const refused = expect(address).rejects.toMatchObject({ code: 'engine_not_available' })
    await vi.advanceTimersByTimeAsync(61_000)
    await refused
    expect(server.kill).toHaveBeenCalled()
  })
})
