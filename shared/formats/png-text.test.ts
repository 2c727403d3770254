import { crc32 } from 'node:zlib'
import { expect, it } from 'vitest'
import { encodePng } from '../node/pictures/png.ts'
import { withPngTexts } from './png-text.ts'

it('puts texts behind the head and leaves the rest as it was', () => {
  const png = encodePng(
    Uint8Array.from({ length: 2 * 3 * 3 }, (_, i) => i),
    3,
    2,
  )
  const file = Buffer.from(withPngTexts(png, { Software: 'CryoMamba', Provenance: '{"size":"1 µm"}' }))
  const chunks: { type: string; data: Buffer }[] = []
  for (let at = 8; at < file.length; ) {
    const size = file.readUInt32BE(at)
    const body = file.subarray(at + 4, at + 8 + size)
    expect(file.readUInt32BE(at + 8 + size)).toBe(crc32(body))
    chunks.push({ type: body.toString('latin1', 0, 4), data: body.subarray(4) })
    at += 12 + size
  }
  expect(chunks.map(({ type }) => type)).toEqual(['IHDR', 'iTXt', 'iTXt', 'IDAT', 'IEND'])
  expect(chunks[1].data.toString()).toBe('Software\0\0\0\0\0CryoMamba')
  expect(chunks[2].data.toString()).toBe('Provenance\0\0\0\0\0{"size":"1 µm"}')
  expect(Buffer.concat([file.subarray(0, 33), file.subarray(-(png.length - 33))])).toEqual(Buffer.from(png))
})

it('refuses what is no PNG', () => {
  expect(() => withPngTexts(new Uint8Array(100), {})).toThrow(RangeError)
})
