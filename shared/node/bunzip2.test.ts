import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { Bunzip2 } from './bunzip2.ts'

const hasBzip2 = spawnSync('bzip2', ['--version'], { input: '' }).status === 0

function unpack(packed: Uint8Array, chunk: number): Uint8Array {
  const bunzip = new Bunzip2()
  const out: Uint8Array[] = []
  for (let at = 0; at < packed.length; at += chunk) out.push(...bunzip.push(packed.subarray(at, at + chunk)))
  out.push(...bunzip.end())
  return Buffer.concat(out)
}

const bzip2 = (bytes: Uint8Array, level = '-9') =>
  spawnSync('bzip2', [level, '-c'], { input: bytes, maxBuffer: 2 ** 30 }).stdout

describe.runIf(hasBzip2)('Bunzip2 against the bzip2 program', () => {
  it('unpacks text, noise, long runs and nothing, in chunks of any size', () => {
    const noise = new Uint8Array(300_000)
    let state = 7
    for (let i = 0; i < noise.length; i++) {
      state = (state * 1103515245 + 12345) % 2147483648
      noise[i] = state >> 16
    }
    const mixed = Buffer.concat([
      noise.subarray(0, 5000),
      Buffer.alloc(100_000),
      Buffer.from('abc'.repeat(5000)),
      noise,
    ])
    for (const bytes of [Buffer.from('hello\n'), noise, new Uint8Array(3_000_000).fill(9), mixed, new Uint8Array(0)])
      for (const level of ['-1', '-9'])
        for (const chunk of [1 << 20, 70_001]) expect(Buffer.compare(unpack(bzip2(bytes, level), chunk), bytes)).toBe(0)
  })

  it('unpacks streams that follow one another', () => {
    const packed = Buffer.concat([bzip2(Buffer.from('one ')), bzip2(Buffer.from('two'))])
    expect(Buffer.from(unpack(packed, 13)).toString()).toBe('one two')
  })

  it('throws on damage and early ends, and never hangs', () => {
    const packed = bzip2(Buffer.from('some text to pack, some text to pack, and more'.repeat(40)))
    for (let cut = 0; cut < packed.length; cut++) expect(() => unpack(packed.subarray(0, cut), 64)).toThrow()
    for (let at = 10; at < packed.length; at++) {
      const damaged = Buffer.from(packed)
      damaged[at] ^= 0x55
      expect(() => unpack(damaged, 64)).toThrow()
    }
  })
})

it('refuses what is no bzip2', () => {
  expect(() => unpack(Buffer.from('no bzip2 at all, but long enough'), 10)).toThrow()
})
