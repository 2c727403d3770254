import { createHash } from 'node:crypto'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasCompiledServer } from '../test/real-server.ts'
import type { FileHasher } from './file-hasher.ts'
import { HashFiles } from './hash-files.ts'

const DIST = path.join(import.meta.dirname, '../../dist/server/uploads/hash-in-thread.js')
const MIB = 1024 * 1024

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-hash-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Bytes that repeat nowhere. */
function noise(length: number, seed: number): Buffer {
  let state = seed
  return Buffer.from({
    length,
    *[Symbol.iterator]() {
      for (let i = 0; i < length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        yield state >>> 24
      }
    },
  } as never)
}

const sha256 = (...parts: Buffer[]) =>
  parts.reduce((hash, bytes) => hash.update(bytes), createHash('sha256')).digest('hex')

const KINDS: [string, () => Promise<FileHasher>][] = [['in this thread', async () => new HashFiles()]]
if (hasCompiledServer)
  KINDS.push(['in a thread of its own', async () => new (await import(DIST)).HashInThread() as FileHasher])

describe.each(KINDS)('hashes of files that are still coming, %s', (kind, make) => {
  const fileOf = (name: string) => path.join(folder, `${kind} ${name}`)

  it('are those of the whole files, whatever was there when', async () => {
    const hasher = await make()
    const [first, second, third] = [noise(9 * MIB + 5, 1), noise(3 * MIB, 2), noise(77, 3)]
    await writeFile(fileOf('a'), first)
    hasher.reached('a', fileOf('a'), first.length)
    await writeFile(fileOf('b'), third)
    hasher.reached('b', fileOf('b'), 10)
    await appendFile(fileOf('a'), Buffer.concat([second, third]))
    hasher.reached('a', fileOf('a'), first.length + second.length)
    const total = first.length + second.length + third.length
    const found = await Promise.all([
      hasher.digest('a', fileOf('a'), total),
      hasher.digest('b', fileOf('b'), third.length),
      hasher.digest('a', fileOf('a'), total),
    ])
    expect(found).toEqual([sha256(first, second, third), sha256(third), sha256(first, second, third)])
    expect(await hasher.digest('a', fileOf('a'), total)).toBe(found[0])
    await hasher.close()
  })

  it('read only what is left at the end', async () => {
    const hasher = await make()
    const [first, second] = [noise(2 * MIB, 4), noise(MIB, 5)]
    await writeFile(fileOf('c'), first)
    hasher.reached('c', fileOf('c'), first.length)
    // Files take turns, so the first one is through when this one is.
    await writeFile(fileOf('d'), second)
    await hasher.digest('d', fileOf('d'), second.length)
    await writeFile(fileOf('c'), Buffer.concat([noise(2 * MIB, 6), second]))
    expect(await hasher.digest('c', fileOf('c'), 3 * MIB)).toBe(sha256(first, second))
    hasher.forget('c')
    expect(await hasher.digest('c', fileOf('c'), 3 * MIB)).toBe(sha256(noise(2 * MIB, 6), second))
    await hasher.close()
  })

  it('of a file that is gone or too short fail, and can be asked for again', async () => {
    const hasher = await make()
    await expect(hasher.digest('e', fileOf('e'), 10)).rejects.toMatchObject({ code: 'ENOENT' })
    await writeFile(fileOf('e'), noise(9, 7))
    await expect(hasher.digest('e', fileOf('e'), 10)).rejects.toThrow('ends at byte 9')
    await writeFile(fileOf('e'), noise(10, 7))
    expect(await hasher.digest('e', fileOf('e'), 10)).toBe(sha256(noise(10, 7)))
    await hasher.close()
  })
})

describe.runIf(hasCompiledServer)('a thread that hashes and breaks down', () => {
  it('is replaced, and what it was asked for is hashed from the start', async () => {
    const { HashInThread } = await import(DIST)
    const hasher = new HashInThread()
    const bytes = noise(5 * MIB, 8)
    await writeFile(path.join(folder, 'f'), bytes)
    hasher.reached('f', path.join(folder, 'f'), 4 * MIB)
    const asked = hasher.digest('f', path.join(folder, 'f'), bytes.length)
    await hasher.thread.terminate()
    expect(await asked).toBe(sha256(bytes))
    await hasher.close()
  })

  it('does not come back after it was closed', async () => {
    const { HashInThread } = await import(DIST)
    const hasher = new HashInThread()
    await writeFile(path.join(folder, 'g'), noise(10, 9))
    expect(await hasher.digest('g', path.join(folder, 'g'), 10)).toBe(sha256(noise(10, 9)))
    await hasher.close()
    hasher.reached('g', path.join(folder, 'g'), 10)
    await expect(hasher.digest('g', path.join(folder, 'g'), 10)).rejects.toThrow('was closed')
    expect(hasher.thread).toBe(null)
  })
})
