import { describe, expect, it } from 'vitest'
import type { FilePart } from './movie-file.ts'
import { WebmFile, type WebmLook } from './webm.ts'

const LOOK: WebmLook = {
  width: 320,
  height: 200,
  framesPerSecond: 7,
  numFrames: 40,
  application: 'CryoMamba 1.2.3',
  provenance: '{"file":"a.webm","µ":1}',
  codec: 'V_VP9',
  color: { matrix: 6, transfer: 6, primaries: 6, isFullRange: false },
}
const bytesOf = (index: number) => Uint8Array.from({ length: 200 + index * 7 }, (_, i) => (i * 31 + index) & 255)

function written(parts: readonly FilePart[]): Uint8Array {
  const file = new Uint8Array(Math.max(...parts.map(({ at, bytes }) => at + bytes.length)))
  let end = 0
  for (const { at, bytes } of parts) {
    expect(at).toBeLessThanOrEqual(end)
    file.set(bytes, at)
    end = Math.max(end, at + bytes.length)
  }
  return file
}

function movie(numFrames: number, look: WebmLook, isKey: (index: number) => boolean): Uint8Array {
  const file = new WebmFile({ ...look, numFrames })
  const parts: FilePart[] = []
  for (let index = 0; index < numFrames; index++)
    parts.push(...file.add({ bytes: bytesOf(index), index, isKey: isKey(index) }))
  return written([...parts, ...file.end()])
}

interface Element {
  id: string
  at: number
  content: Uint8Array
}

/** Elements as RFC 8794 says they are read. */
function elements(bytes: Uint8Array, start = 0): Element[] {
  const found: Element[] = []
  let at = 0
  const vint = (keepsMarker: boolean) => {
    const length = Math.clz32(bytes[at]) - 23
    let value = keepsMarker ? bytes[at] : bytes[at] & (0xff >> length)
    for (let i = 1; i < length; i++) value = value * 256 + bytes[at + i]
    at += length
    return value
  }
  while (at < bytes.length) {
    const from = at
    const id = vint(true).toString(16)
    const size = vint(false)
    expect(at + size).toBeLessThanOrEqual(bytes.length)
    found.push({ id, at: start + from, content: bytes.subarray(at, at + size) })
    at += size
  }
  return found
}
const whole = (bytes: Uint8Array) => bytes.reduce((value, byte) => value * 256 + byte, 0)
const words = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const child = (parent: Uint8Array, id: string) => {
  const found = elements(parent).find((one) => one.id === id)
  if (!found) throw new Error(`no element ${id}`)
  return found.content
}

/** Every frame: when it begins, whether it is a key frame, its bytes. */
function framesOf(segment: Uint8Array) {
  return elements(segment)
    .filter(({ id }) => id === '1f43b675')
    .flatMap(({ content }) => {
      const start = whole(child(content, 'e7'))
      return elements(content)
        .filter(({ id }) => id === 'a3')
        .map(({ content: block }) => ({
          timeMs: start + whole(block.subarray(1, 3)),
          isKey: block[3] === 0x80,
          bytes: block.subarray(4),
        }))
    })
}

describe('a WebM file', () => {
  const file = movie(40, LOOK, (index) => index % 14 === 0)
  const [head, segment, ...more] = elements(file)

  it('is one EBML head and one segment that ends with the file', () => {
    expect([head.id, segment.id, more.length]).toEqual(['1a45dfa3', '18538067', 0])
    expect(words(child(head.content, '4282'))).toBe('webm')
  })

  it('says size, codec, duration, rate and colours', () => {
    const info = child(segment.content, '1549a966')
    const duration = child(info, '4489')
    const ms = new DataView(duration.buffer, duration.byteOffset, 8).getFloat64(0)
    expect(ms).toBeCloseTo((40 * 1000) / 7, 6)
    const track = child(child(segment.content, '1654ae6b'), 'ae')
    expect(words(child(track, '86'))).toBe('V_VP9')
    expect(whole(child(track, '23e383'))).toBe(142_857_143)
    const video = child(track, 'e0')
    expect([whole(child(video, 'b0')), whole(child(video, 'ba'))]).toEqual([320, 200])
    expect(whole(child(child(video, '55b0'), '55b1'))).toBe(6)
  })

  it('carries what it was made of', () => {
    const tag = child(child(child(segment.content, '1254c367'), '7373'), '67c8')
    expect([words(child(tag, '45a3')), words(child(tag, '4487'))]).toEqual(['PROVENANCE', LOOK.provenance])
  })

  it('has every frame with its time, in order', () => {
    const frames = framesOf(segment.content)
    expect(frames).toHaveLength(40)
    for (const [index, frame] of frames.entries()) {
      expect(frame.timeMs).toBe(Math.round((index * 1000) / 7))
      expect(frame.isKey).toBe(index % 14 === 0)
      expect(Buffer.compare(frame.bytes, bytesOf(index))).toBe(0)
    }
  })

  it('names the places of its parts, and of every cluster by its time', () => {
    const start = file.length - segment.content.length
    const at = (position: number) => elements(segment.content, start).find((one) => one.at === start + position)
    const seeks = elements(child(segment.content, '114d9b74')).map(({ content }) => [
      whole(child(content, '53ab')).toString(16),
      at(whole(child(content, '53ac')))?.id,
    ])
    expect(seeks.map(([id]) => id)).toEqual(['1549a966', '1654ae6b', '1254c367', '1c53bb6b'])
    for (const [id, found] of seeks) expect(found).toBe(id)
    const cues = elements(child(segment.content, '1c53bb6b'))
    expect(cues).toHaveLength(3)
    for (const { content } of cues) {
      const cluster = at(whole(child(child(content, 'b7'), 'f1')))
      expect(cluster?.id).toBe('1f43b675')
      expect(whole(child(cluster?.content ?? new Uint8Array(), 'e7'))).toBe(whole(child(content, 'b3')))
    }
  })

  it('begins a cluster before 16 bits of milliseconds are full', () => {
    const slow = movie(100, { ...LOOK, framesPerSecond: 1 }, (index) => index === 0)
    const frames = framesOf(elements(slow)[1].content)
    expect(frames.map(({ timeMs }) => timeMs)).toEqual(Array.from({ length: 100 }, (_, index) => index * 1000))
  })

  it('is right for every number of frames up to some', () => {
    for (let count = 1; count < 9; count++)
      expect(framesOf(elements(movie(count, LOOK, (index) => index === 0))[1].content)).toHaveLength(count)
  })
})
