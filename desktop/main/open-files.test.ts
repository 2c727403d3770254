import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { DesktopEvent, OpenedVolume } from '../../shared/contract/bridge.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { OpenFiles } from './open-files.ts'

vi.mock('electron', () => ({ dialog: {} }))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-open-'))
  for (const name of ['a', 'b']) writeFileSync(path.join(folder, `${name}.mrc`), name)
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

const STOPPED = new DomainError('volume_service_stopped', { reason: 'code 11' })

const fileOf = (name: string) => path.join(folder, name)

async function opened(name: string) {
  let numRefs = 0
  const told: DesktopEvent['type'][] = []
  const open = vi.fn(async (volume_ref: string) => ({ volume_ref }) as OpenedVolume)
  const files = new OpenFiles({
    volumes: { open, close: async () => undefined },
    getWindow: () => null,
    tell: ({ type }) => told.push(type),
    onOpened: async () => undefined,
    onClosed: () => undefined,
    newRef: () => `ref${++numRefs}`,
    sampleFile: '/sample.mrc',
    signs: { find: async () => null, keep: async () => undefined },
  })
  await files.open(fileOf(name))
  return { files, open, told: () => told.splice(0) }
}

it('opens the file again whose reader stopped', async () => {
  const { files, told } = await opened('a.mrc')
  told()
  await files.readerStopped(STOPPED)
  expect(told()).toEqual(['problem', 'volume_opening', 'volume_opened'])
  expect(files.current?.volume.volume_ref).toBe('ref2')
})

it('closes a file whose reader stops again soon', async () => {
  const { files, told } = await opened('a.mrc')
  await files.readerStopped(STOPPED)
  told()
  vi.advanceTimersByTime(10_000)
  await files.readerStopped(STOPPED)
  expect(told()).toEqual(['problem', 'volume_closed'])
  await files.open(fileOf('b.mrc'))
  vi.advanceTimersByTime(3600_000)
  told()
  await files.readerStopped(STOPPED)
  expect(told()).toEqual(['problem', 'volume_opening', 'volume_opened'])
})

it('closes what cannot be opened again', async () => {
  const { files, open, told } = await opened('a.mrc')
  told()
  open.mockRejectedValueOnce(new DomainError('volume_not_open'))
  await files.readerStopped(STOPPED)
  expect(told()).toEqual(['problem', 'volume_opening', 'volume_failed', 'volume_closed'])
  expect(files.current).toBeNull()
})

it('only says so where nothing is open', async () => {
  const { files, told } = await opened('a.mrc')
  await files.close()
  told()
  await files.readerStopped(STOPPED)
  expect(told()).toEqual(['problem'])
})
