import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { HashedSource } from './hashed-source.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-hashed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const BYTES = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 7919) >> 5)
const SHA256 = createHash('sha256').update(BYTES).digest('hex')
const file = path.join(folder, 'a.bin')
writeFileSync(file, BYTES)

async function opened<T>(use: (source: HashedSource) => Promise<T>): Promise<T> {
  const source = await HashedSource.open(file)
  try {
    return await use(source)
  } finally {
    await source.close()
  }
}

it.each([
  ['nothing', []],
  [
    'all, in order',
    [
      [0, 1_000_000],
      [1_000_000, 2_000_000],
    ],
  ],
  [
    'a part twice',
    [
      [0, 5000],
      [1000, 1_000_000],
      [0, 10],
    ],
  ],
  [
    'parts in another order',
    [
      [2_000_000, 1_000_000],
      [100, 200],
      [0, 150],
      [150, 60_000],
    ],
  ],
] as [string, [number, number][]][])('has the hash of the whole file after reads of %s', async (_name, reads) => {
  await opened(async (source) => {
    for (const [offset, length] of reads) {
      const found = await source.read(offset, length)
      expect(Buffer.compare(found, BYTES.subarray(offset, offset + length))).toBe(0)
    }
    expect(await source.finish()).toEqual({ sizeBytes: BYTES.length, sha256: SHA256 })
  })
})

it('reads no byte again that was read in order', async () => {
  await opened(async (source) => {
    let seen = 0
    for await (const part of source.parts(0)) {
      expect(Buffer.compare(part, BYTES.subarray(seen, seen + part.length))).toBe(0)
      seen += part.length
    }
    expect(seen).toBe(BYTES.length)
    source.readInto = () => Promise.reject(new Error('read again'))
    expect((await source.finish()).sha256).toBe(SHA256)
  })
})
