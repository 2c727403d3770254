import { chmod, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { takeDataFolder } from './data-folder.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-data-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('keeps its secrets from one start to the next', async () => {
  const first = await takeDataFolder(folder, null)
  await first.linkKeys.write([{ id: 'a', secret: 's', madeAt: '2026-01-01T00:00:00.000Z' }])
  await first.release()
  const second = await takeDataFolder(folder, null)
  expect(second.token).toBe(first.token)
  expect(await second.linkKeys.read()).toEqual([{ id: 'a', secret: 's', madeAt: '2026-01-01T00:00:00.000Z' }])
  expect(first.token).toMatch(/^[0-9a-f]{64}$/)
  await second.release()
})

it('is refused while another process holds it, and taken over from a dead one', async () => {
  const lock = path.join(folder, 'server.lock')
  await writeFile(lock, String(process.ppid))
  await expect(takeDataFolder(folder, null)).rejects.toMatchObject({ code: 'data_folder_locked' })
  await writeFile(lock, '999999999')
  await (await takeDataFolder(folder, null)).release()
})

it('is refused as not writable where its lock cannot be made', async () => {
  await mkdir(path.join(folder, 'server.lock'))
  await expect(takeDataFolder(folder, null)).rejects.toMatchObject({ code: 'file_unwritable' })
})

it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
  'is refused as not writable where it may only be read',
  async () => {
    await chmod(folder, 0o500)
    await expect(takeDataFolder(folder, null)).rejects.toMatchObject({
      code: 'file_unwritable',
      message: expect.stringContaining(folder),
    })
    await chmod(folder, 0o700)
  },
)

it('is taken over when the lock was not touched for long, whoever has the process id by now', async () => {
  const lock = path.join(folder, 'server.lock')
  await writeFile(lock, String(process.ppid))
  const longAgo = new Date(Date.now() - 120_000)
  await utimes(lock, longAgo, longAgo)
  await (await takeDataFolder(folder, null)).release()
})

it('is refused while a server of another host or container holds it, whatever process ids say here', async () => {
  const lock = path.join(folder, 'server.lock')
  for (const pid of [process.pid, 999_999_999]) {
    await writeFile(lock, JSON.stringify({ pid, host: 'other-container', start: 'a' }))
    await expect(takeDataFolder(folder, null)).rejects.toMatchObject({
      code: 'data_folder_locked',
      hint: expect.stringContaining('other-container'),
    })
  }
  const longAgo = new Date(Date.now() - 120_000)
  await utimes(lock, longAgo, longAgo)
  await (await takeDataFolder(folder, null)).release()
})

it('is taken over from a dead process of this host, and a lock that is no longer its own is left alone', async () => {
  const lock = path.join(folder, 'server.lock')
  await writeFile(lock, JSON.stringify({ pid: 999_999_999, host: os.hostname(), start: 'a' }))
  const taken = await takeDataFolder(folder, null)
  expect(JSON.parse(await readFile(lock, 'utf8'))).toMatchObject({ pid: process.pid, host: os.hostname() })
  await writeFile(lock, JSON.stringify({ pid: 1, host: 'other', start: 'b' }))
  await taken.release()
  expect(await readFile(lock, 'utf8')).toContain('other')
})
