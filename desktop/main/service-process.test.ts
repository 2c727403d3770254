import type { EventEmitter } from 'node:events'
import { beforeEach, expect, it, vi } from 'vitest'
import { VolumeHost } from './volume-host.ts'

const made = vi.hoisted(() => [] as (EventEmitter & { kill: () => void })[])

vi.mock('electron', async () => {
  const { EventEmitter } = await import('node:events')
  const fork = () => {
    made.push(Object.assign(new EventEmitter(), { postMessage: vi.fn(), kill: vi.fn() }))
    return made[made.length - 1]
  }
  return { utilityProcess: { fork } }
})
beforeEach(() => {
  made.length = 0
})

const cache = { folder: '/cache', mostBytes: 1 }

function hostOf() {
  const stopped = vi.fn()
  return { stopped, host: new VolumeHost(() => null, stopped, { levels: cache, copies: cache }) }
}

it('tells of a process that stopped though somebody waits who may keep it to himself', async () => {
  const { stopped, host } = hostOf()
  const shown = host.showMask('volume', 'run', '/mask.mrc')
  const refused = expect(shown).rejects.toMatchObject({ code: 'volume_service_stopped' })
  made[0].emit('exit', 11)
  await refused
  expect(stopped.mock.calls).toEqual([[expect.objectContaining({ code: 'volume_service_stopped' })]])
})

it('answers who waits when it is stopped, and tells of no crash', async () => {
  const { stopped, host } = hostOf()
  const opened = host.open('volume', '/a.mrc', null)
  host.stop()
  made[0].emit('exit', 0)
  await expect(opened).rejects.toMatchObject({ code: 'canceled' })
  expect(stopped).not.toHaveBeenCalled()
})

it('starts a new process after a crash', async () => {
  const { host } = hostOf()
  host.start()
  made[0].emit('exit', 1)
  const opened = host.open('volume', '/a.mrc', null)
  made[1].emit('message', { type: 'reply', call: 1, answer: { volume_ref: 'volume' } })
  expect(await opened).toEqual({ volume_ref: 'volume' })
})
