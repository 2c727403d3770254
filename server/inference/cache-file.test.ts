import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { removeUnfinished, writeCacheFile } from './cache-file.ts'
import { folderCache } from './statistics-cache.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-cache-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('writes the whole text, in a folder that it makes', async () => {
  const file = path.join(folder, 'new', 'a.json')
  await writeCacheFile(file, '[1]')
  expect(await readFile(file, 'utf8')).toBe('[1]')
})

it('leaves nothing behind and throws nothing when the file cannot be put in its place', async () => {
  await mkdir(path.join(folder, 'a.json', 'in the way'), { recursive: true })
  await writeCacheFile(path.join(folder, 'a.json'), '[1]')
  expect(await readdir(folder)).toEqual(['a.json'])
})

it('removes what a killed process left half-written, and nothing else', async () => {
  await writeFile(path.join(folder, 'a.json'), '[1]')
  await writeFile(path.join(folder, 'b.json.123.partial'), '[')
  await removeUnfinished(folder)
  await removeUnfinished(path.join(folder, 'absent'))
  expect(await readdir(folder)).toEqual(['a.json'])
})

it('measures again what a damaged file of the cache does not tell', async () => {
  const cache = folderCache(folder, ['facts'])
  const made: number[] = []
  const make = async () => made.push(1)
  expect(await cache.get('input', make)).toBe(1)
  const [name] = await readdir(folder)
  await writeFile(path.join(folder, name), '')
  expect(await cache.get('input', make)).toBe(2)
  expect(await cache.get('input', make)).toBe(2)
})
