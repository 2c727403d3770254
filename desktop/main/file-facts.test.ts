import { appendFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openKeptFacts } from './file-facts.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-file-facts-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let counter = 0

function newFile(): string {
  const file = path.join(folder, `${++counter}.mrc`)
  writeFileSync(file, 'voxels')
  return file
}

const ribosome = [{ value: 2, name: 'ribosome', color: '#112233' }]

it('has what was kept of a file after another start', async () => {
  const file = newFile()
  await openKeptFacts(folder).labels.keep(file, ribosome)
  await openKeptFacts(folder).signs.keep(file, 'unsigned')
  expect(await openKeptFacts(folder).labels.find(file)).toEqual(ribosome)
  expect(await openKeptFacts(folder).signs.find(file)).toBe('unsigned')
})

it.each<[string, (file: string) => void]>([
  ['that has another size', (file) => appendFileSync(file, 'x')],
  ['that was written at another time', (file) => utimesSync(file, 1000, 1000)],
  ['that is gone', (file) => rmSync(file)],
])('has nothing of a file %s', async (_name, change) => {
  const { labels } = openKeptFacts(folder)
  const file = newFile()
  await labels.keep(file, ribosome)
  change(file)
  expect(await labels.find(file)).toBeNull()
})

it('forgets the file that was not used for longest', async () => {
  const { signs } = openKeptFacts(path.join(folder, 'bounded'))
  const files = Array.from({ length: 201 }, newFile)
  for (const file of files) await signs.keep(file, 'signed')
  expect(await signs.find(files[0])).toBeNull()
  expect(await signs.find(files[1])).toBe('signed')
})

it('takes a damaged list as an empty one', async () => {
  const file = newFile()
  await openKeptFacts(folder).labels.keep(file, ribosome)
  writeFileSync(path.join(folder, 'labels.json'), '[{"key": 7}]')
  expect(await openKeptFacts(folder).labels.find(file)).toBeNull()
})
