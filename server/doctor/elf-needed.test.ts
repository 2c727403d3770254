import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { readNeeded } from './elf-needed.ts'

const BINARIES = path.resolve(import.meta.dirname, '../../node_modules/onnxruntime-node/bin/napi-v6/linux')
const reader = (bytes: Buffer) => async (offset: number, length: number) => bytes.subarray(offset, offset + length)

describe('a shared library', () => {
  it.each(['x64', 'arm64'])('of linux/%s names the libraries that it needs', async (arch) => {
    const bytes = await readFile(path.join(BINARIES, arch, 'onnxruntime_binding.node'))
    const found = await readNeeded(reader(bytes))
    expect(found?.needed).toEqual(expect.arrayContaining(['libonnxruntime.so.1', 'libstdc++.so.6', 'libc.so.6']))
    expect(found?.searchPath).toEqual([expect.stringMatching(/^\$ORIGIN/)])
  })

  it('that is none, or is cut anywhere, gives no wrong name and does not throw', async () => {
    expect(await readNeeded(reader(Buffer.from('MZ not a library')))).toBeNull()
    expect(await readNeeded(reader(Buffer.alloc(0)))).toBeNull()
    const bytes = await readFile(path.join(BINARIES, 'x64', 'onnxruntime_binding.node'))
    const whole = (await readNeeded(reader(bytes)))?.needed ?? []
    for (let length = 0; length < bytes.length; length += 4093) {
      const found = await readNeeded(reader(bytes.subarray(0, length)))
      for (const name of found?.needed ?? []) expect([...whole, '']).toContain(name)
    }
  })
})
