import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { hashInThread } from './hash-parts-in-thread.ts'
import { hashHere, type PartHashes } from './part-hashes.ts'

/** The compiled program: threads are started from it. */
const DIST = path.join(import.meta.dirname, '../../dist/shared/client/hash-parts-in-thread.js')
const KINDS: [string, () => Promise<PartHashes>][] = [['in this thread', async () => hashHere()]]
if (existsSync(DIST)) KINDS.push(['in a thread of its own', async () => (await import(DIST)).hashInThread()])

describe.each(KINDS)('hashes of parts, %s', (_, make) => {
  it('are those of each part and of the whole, from buffers that are used again', async () => {
    const hashes = await make()
    const bytes = hashes.allocate(100_000)
    const whole = createHash('sha256')
    for (let part = 0; part < 5; part++) {
      bytes.forEach((_value, i) => {
        bytes[i] = i * (part + 3)
      })
      whole.update(bytes)
      const [digest] = await Promise.all([hashes.digest(bytes), hashes.add(bytes)])
      expect(digest).toBe(createHash('sha256').update(bytes).digest('base64'))
    }
    const other = Uint8Array.of(1, 2, 3)
    await hashes.add(other)
    expect(await hashes.end()).toBe(whole.update(other).digest('hex'))
    await hashes.close()
  })
})

describe.runIf(existsSync(DIST))('a thread that hashes', () => {
  it('shares its buffers, and fails what is asked of it when it ended', async () => {
    const hashes: PartHashes = await (await import(DIST)).hashInThread()
    expect(hashes.allocate(8).buffer).toBeInstanceOf(SharedArrayBuffer)
    const asked = hashes.digest(hashes.allocate(1 << 24))
    await hashes.close()
    await expect(asked).rejects.toThrow('ended with code')
    await expect(hashes.end()).rejects.toThrow('ended with code')
  })
})

it('are made in this thread where no other can be started', async () => {
  // Beside the source there is no compiled program.
  const hashes = await hashInThread()
  expect(hashes.allocate(8).buffer).toBeInstanceOf(ArrayBuffer)
  expect(await hashes.end()).toBe(createHash('sha256').digest('hex'))
})
