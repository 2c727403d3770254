import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WatchedFile } from './watched-file.ts'

let folder: string
let file: string
let numWritten = 0
function write(value: number, size = 5000): void {
  writeFileSync(file, new Uint8Array(size).fill(value))
  touch()
}
function touch(): void {
  utimesSync(file, new Date(), new Date(Date.now() + ++numWritten * 60_000))
}
/** Begun, and what the file holds is known. */
async function begin(): Promise<WatchedFile> {
  const watched = await WatchedFile.begin(file, 0)
  expect(await watched.hasChanged()).toBe(false)
  await new Promise((resolve) => setTimeout(resolve, 100))
  return watched
}

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-watched-'))
  file = path.join(folder, 'a.mrc')
  write(1)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('a file that is written anew has changed, for good', async () => {
  const watched = await begin()
  write(2)
  expect(await watched.hasChanged()).toBe(true)
  await expect(watched.checkUnchanged()).rejects.toMatchObject({
    code: 'file_changed',
    message: expect.stringContaining('a.mrc has changed on the disk since it was opened'),
  })
  write(1)
  expect(await watched.hasChanged()).toBe(true)
})

it('a file that grows or shrinks has changed', async () => {
  const watched = await begin()
  write(1, 4000)
  expect(await watched.hasChanged()).toBe(true)
})

it('a file that is touched has not changed, nor has one that is gone', async () => {
  const watched = await begin()
  touch()
  expect(await watched.hasChanged()).toBe(false)
  rmSync(file)
  expect(await watched.hasChanged()).toBe(false)
  write(2)
  expect(await watched.hasChanged()).toBe(true)
})

it('a file that is touched before it is known what it holds counts as another one', async () => {
  const watched = await WatchedFile.begin(file)
  touch()
  expect(await watched.hasChanged()).toBe(true)
  watched.close()
})
