import { describe, expect, it } from 'vitest'
import type { DType } from '../../volume/dtype.ts'
import { asciiBytes } from '../byte-view.ts'
import { AsciiVoxels } from './ascii-voxels.ts'

function decode(text: string, dtype: DType, numVoxels: number, chunkBytes = 1 << 20) {
  const decoder = new AsciiVoxels('a.nrrd', dtype, numVoxels)
  const bytes = asciiBytes(text)
  for (let at = 0; at < bytes.length; at += chunkBytes) decoder.push(bytes.subarray(at, at + chunkBytes))
  return decoder.finish()
}

describe('AsciiVoxels', () => {
  it('gives the same voxels whatever the chunks', () => {
    const text = ' 1.5,-2e3\r\n.25\t+7. nan , -inf\n'
    const expected = Float64Array.of(1.5, -2000, 0.25, 7, Number.NaN, Number.NEGATIVE_INFINITY)
    for (let chunk = 1; chunk <= text.length; chunk++) expect(decode(text, 'float64', 6, chunk)).toEqual(expected)
  })

  it('keeps every digit of 64-bit integers', () => {
    const text = '-9223372036854775808 +9223372036854775807'
    expect(decode(text, 'int64', 2)).toEqual(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n))
    expect(decode('18446744073709551615', 'uint64', 1)).toEqual(BigUint64Array.of(2n ** 64n - 1n))
  })

  it('grows beyond its first buffer', () => {
    const numVoxels = 150_001
    const voxels = decode(Array.from({ length: numVoxels }, (_, i) => i).join('\n'), 'uint32', numVoxels, 4093)
    expect(voxels.length).toBe(numVoxels)
    expect(voxels.every((value, i) => value === i)).toBe(true)
  })

  it('costs nothing when the header lies about the number of voxels', () => {
    expect(() => decode('1 2 3', 'float64', 1e15)).toThrow(expect.objectContaining({ code: 'format_corrupt_stream' }))
  })

  it.each([
    ['1 2', 'uint8', 3],
    ['1 2 3 4', 'uint8', 3],
    ['1 two 3', 'uint8', 3],
    ['1 2.5 3', 'int16', 3],
    ['1 256', 'uint8', 2],
    ['-1', 'uint64', 1],
    ['0x10', 'float32', 1],
    ['1e', 'float32', 1],
    ['1'.repeat(1000), 'float32', 1],
    ['', 'uint8', 1],
  ] as const)('refuses %j as %s', (text, dtype, numVoxels) => {
    expect(() => decode(text, dtype, numVoxels)).toThrow(expect.objectContaining({ code: 'format_corrupt_stream' }))
  })

  it('refuses half floats, which the format does not have', () => {
    const refusal = expect.objectContaining({ code: 'dtype_not_supported_by_format' })
    expect(() => new AsciiVoxels('a', 'float16', 1)).toThrow(refusal)
  })
})
