import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { until } from '../test/test-server.ts'
import { withTemporaryFolders } from './with-temporary-folders.ts'
import type { Worker, WorkerExit } from './worker-launcher.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-folders-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('gives each worker a folder, and removes it when the worker is gone', async () => {
  const started: { env: Readonly<Record<string, string>>; end: (exit: WorkerExit) => void }[] = []
  const launcher = withTemporaryFolders(
    {
      launch: async (env) => {
        const worker = { onExit: (listener: (exit: WorkerExit) => void) => started.push({ env, end: listener }) }
        return worker as unknown as Worker
      },
    },
    folder,
  )
  await launcher.launch({ CUDA_VISIBLE_DEVICES: '1' })
  await launcher.launch({})
  const [first, second] = started
  expect(first.env.CUDA_VISIBLE_DEVICES).toBe('1')
  expect(path.dirname(first.env.TMPDIR)).toBe(folder)
  expect(first.env.TMPDIR).not.toBe(second.env.TMPDIR)
  await writeFile(path.join(first.env.TMPDIR, 'volume'), 'unpacked')
  first.end({ reason: 'killed by SIGKILL', lastLines: '' })
  await until(async () => (await readdir(folder)).length === 1)
  expect((await stat(second.env.TMPDIR)).isDirectory()).toBe(true)
})

it('leaves no folder where a worker could not be started', async () => {
  const refuse = { launch: () => Promise.reject(new Error('no more processes')) }
  await expect(withTemporaryFolders(refuse, folder).launch({})).rejects.toThrow('no more processes')
  expect(await readdir(folder)).toEqual([])
})
