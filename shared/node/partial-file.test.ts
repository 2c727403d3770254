import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { PartialFile } from './partial-file.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-partial-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const bytes = (text: string) => new TextEncoder().encode(text)

it('is at its place only when it is whole, with what was replaced in it', async () => {
  const file = path.join(folder, 'a.txt')
  writeFileSync(`${file}.partial`, 'of a start before')
  const partial = await PartialFile.create(file)
  await partial.write(bytes('hello '))
  await partial.write(bytes('world'))
  await partial.write(bytes('J'), 0)
  expect([existsSync(file), partial.sizeBytes]).toEqual([false, 11])
  await partial.finish()
  expect(readFileSync(file, 'utf8')).toBe('Jello world')
  expect(existsSync(`${file}.partial`)).toBe(false)
})

it('leaves nothing when it is discarded, and what was there before', async () => {
  const file = path.join(folder, 'b.txt')
  writeFileSync(file, 'before')
  const partial = await PartialFile.create(file)
  await partial.write(bytes('after'))
  await partial.discard()
  expect(readFileSync(file, 'utf8')).toBe('before')
  expect(readdirSync(folder)).not.toContain('b.txt.partial')
})

it('refuses holes, and places that cannot be written', async () => {
  const partial = await PartialFile.create(path.join(folder, 'c.txt'))
  await expect(partial.write(bytes('x'), 5)).rejects.toMatchObject({ code: 'internal' })
  await partial.discard()
  const nowhere = path.join(folder, 'gone', 'd.txt')
  await expect(PartialFile.create(nowhere)).rejects.toMatchObject({ code: 'file_unwritable' })
})
