import { describe, expect, it } from 'vitest'
import type { FilePart } from './movie-file.ts'
import { Mp4File } from './mp4.ts'

const LOOK = {
  width: 320,
  height: 202,
  framesPerSecond: 7,
  numFrames: 5,
  application: 'CryoMamba 1.2.3',
  provenance: '{"µ":1}',
  avcConfiguration: Uint8Array.of(1, 66, 0, 31, 255, 225),
}
const bytesOf = (index: number) => new Uint8Array(10 + index * 3).fill(index + 1)

function movie(): Uint8Array {
  const file = new Mp4File(LOOK)
  const parts: FilePart[] = []
  for (let index = 0; index < 5; index++)
    parts.push(...file.add({ bytes: bytesOf(index), index, isKey: index % 2 === 0 }))
  parts.push(...file.end())
  const out = new Uint8Array(Math.max(...parts.map(({ at, bytes }) => at + bytes.length)))
  for (const { at, bytes } of parts) out.set(bytes, at)
  return out
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Boxes as ISO/IEC 14496-12 says they are read. */
function boxes(bytes: Uint8Array): { type: string; content: Uint8Array }[] {
  const found: { type: string; content: Uint8Array }[] = []
  for (let at = 0; at < bytes.length; ) {
    const short = view(bytes).getUint32(at)
    const size = short === 1 ? Number(view(bytes).getBigUint64(at + 8)) : short
    expect(size).toBeGreaterThanOrEqual(8)
    expect(at + size).toBeLessThanOrEqual(bytes.length)
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString('latin1')
    found.push({ type, content: bytes.subarray(at + (short === 1 ? 16 : 8), at + size) })
    at += size
  }
  return found
}
const inside = (bytes: Uint8Array, ...path: readonly string[]): Uint8Array =>
  path.reduce((content, type) => {
    const found = boxes(content).find((one) => one.type === type)
    if (!found) throw new Error(`no box ${type}`)
    return found.content
  }, bytes)

describe('an MP4 file', () => {
  const file = movie()
  const table = (name: string) => view(inside(file, 'moov', 'trak', 'mdia', 'minf', 'stbl', name))

  it('is its type, the frames, and the tables', () => {
    expect(boxes(file).map(({ type }) => type)).toEqual(['ftyp', 'mdat', 'moov'])
  })

  it('finds every frame again, and says how long each is shown', () => {
    const [sizes, places] = [table('stsz'), table('co64')]
    expect([sizes.getUint32(8), places.getUint32(4)]).toEqual([5, 5])
    for (let index = 0; index < 5; index++) {
      const at = Number(places.getBigUint64(8 + index * 8))
      const frame = file.subarray(at, at + sizes.getUint32(12 + index * 4))
      expect(Buffer.compare(frame, bytesOf(index))).toBe(0)
    }
    const times = table('stts')
    expect([times.getUint32(4), times.getUint32(8)]).toEqual([1, 5])
    const scale = view(inside(file, 'moov', 'trak', 'mdia', 'mdhd')).getUint32(12)
    expect(times.getUint32(12) / scale).toBeCloseTo(1 / 7, 12)
    const keys = table('stss')
    expect([0, 1, 2, 3].map((i) => keys.getUint32(4 + i * 4))).toEqual([3, 1, 3, 5])
  })

  it('says size, codec and what it was made of', () => {
    const described = inside(file, 'moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd').subarray(8)
    const [entry] = boxes(described)
    expect(entry.type).toBe('avc1')
    expect([view(entry.content).getUint16(24), view(entry.content).getUint16(26)]).toEqual([320, 202])
    expect([...inside(entry.content.subarray(78), 'avcC')]).toEqual([...LOOK.avcConfiguration])
    const list = inside(inside(file, 'moov', 'udta', 'meta').subarray(4), 'ilst')
    expect(new TextDecoder().decode(inside(list, '\xa9cmt', 'data').subarray(8))).toBe(LOOK.provenance)
  })
})
