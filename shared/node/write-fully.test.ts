import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeFully } from './write-fully.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-write-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const BYTES = Uint8Array.from({ length: 100 }, (_, i) => i + 1)

describe('a file that takes only a part of each write', () => {
  it.each([null, 40])('has all bytes in the end, from place %s on', async (at) => {
    const name = path.join(folder, 'file')
    const handle = await open(name, 'w+')
    let numWrites = 0
    const write = (bytes: Uint8Array, from: number, length: number, place: number | null) => {
      numWrites++
      return handle.write(bytes, from, Math.min(length, 7), place)
    }
    await writeFully({ write: write as typeof handle.write }, BYTES, at)
    await handle.close()
    expect(numWrites).toBe(15)
    expect([...(await readFile(name))]).toEqual([...new Uint8Array(at ?? 0), ...BYTES])
  })

  it('gives its reason, or that there is none, and is not asked for ever', async () => {
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    const answers = [async () => ({ bytesWritten: 7, buffer: BYTES }), () => Promise.reject(full)]
    const write = () => (answers.shift() as (typeof answers)[number])()
    await expect(writeFully({ write: write as never }, BYTES, 0)).rejects.toBe(full)
    const refusing = { write: (async () => ({ bytesWritten: 0, buffer: BYTES })) as never }
    await expect(writeFully(refusing, BYTES, 0)).rejects.toThrow('took 0 of 100 bytes')
  })
})
