import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { hashSource } from '../../shared/client/fingerprint.ts'
import { convertCommand } from '../cli/commands/convert.ts'
import { runCommand } from '../test/run-command.ts'
import { FileMatch } from './file-match.ts'
import { openRunUpload } from './run-upload.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-match-'))
  file = path.join(folder, 'a.mrc')
  writeFileSync(file, mrcBytes({ body: new Uint8Array(2 * 7 * 5 * 3) }))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function volume() {
  const bytes = readFileSync(file)
  return { size_bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

it('knows a file by its bytes, not by its name, and says that it compares until it has read them', async () => {
  const matches = new FileMatch()
  expect(await matches.look(volume(), file, null)).toBe('comparing')
  await vi.waitFor(async () => expect(await matches.look(volume(), file, null)).toBe('open'))
  expect(await matches.look({ ...volume(), sha256: '0'.repeat(64) }, file, null)).toBe('other')
  expect(await matches.isSame(volume(), file, null)).toBe(true)
})

it('reads nothing of a file of another size, and takes one that is gone for another', async () => {
  const matches = new FileMatch()
  expect(await matches.look({ ...volume(), size_bytes: 9 }, file, null)).toBe('other')
  const before = volume()
  rmSync(file)
  expect(await matches.isSame(before, file, null)).toBe(false)
})

it('reads a file again once it was changed', async () => {
  const matches = new FileMatch()
  const before = volume()
  expect(await matches.isSame(before, file, null)).toBe(true)
  const bytes = readFileSync(file)
  bytes[bytes.length - 1] = 9
  writeFileSync(file, bytes)
  expect(await matches.isSame(before, file, null)).toBe(false)
})

it('knows an OME-Zarr image by the bytes that are sent of it', async () => {
  const zarr = path.join(folder, 'a.ome.zarr')
  await runCommand(convertCommand, [file, zarr])
  const { source } = await openRunUpload(zarr, null)
  const sent = { size_bytes: source.sizeBytes, sha256: await hashSource(source, () => undefined) }
  await source.close()
  const matches = new FileMatch()
  expect(await matches.isSame(sent, path.join(zarr, '.zattrs'), null)).toBe(true)
  expect(await matches.isSame({ ...sent, size_bytes: 1 }, zarr, null)).toBe(false)
  expect(await matches.isSame(volume(), zarr, null)).toBe(false)
})
