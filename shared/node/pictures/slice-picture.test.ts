import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { encodePng } from './png.ts'
import { drawSlice, robustWindow } from './slice-picture.ts'

describe('drawSlice', () => {
  const picture = drawSlice({
    values: Float32Array.from({ length: 15 }, (_, i) => i),
    labels: Uint8Array.from([1, ...new Array(14).fill(0)]),
    sizeYx: [3, 5],
    window: [0, 14],
    colors: new Map([[1, [255, 0, 0]]]),
  })
  const pixel = (x: number, y: number) => [
    ...picture.rgb.subarray((y * picture.width + x) * 3, (y * picture.width + x) * 3 + 3),
  ]

  it('is wide enough to see voxels, and shows y up', () => {
    expect(picture).toMatchObject({ width: 1008, height: 300 })
    expect(pixel(0, 299)).toEqual([0, 0, 0])
    expect(pixel(499, 0)).toEqual([255, 255, 255])
    expect(pixel(0, 0)).toEqual([182, 182, 182])
  })

  it('blends the colour of a label over the grey in the second half only', () => {
    expect(pixel(508, 299)).toEqual([115, 0, 0])
    expect(pixel(1007, 299)).toEqual([73, 73, 73])
  })
})

it('leaves single bright voxels out of the window', () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => i)
  values[500] = 1e9
  values[501] = Number.NaN
  const [low, high] = robustWindow(values)
  expect(low).toBeLessThan(10)
  expect(high).toBeLessThan(1000)
})

it('writes a PNG whose pixels come back', () => {
  const rgb = Uint8Array.from({ length: 2 * 3 * 3 }, (_, i) => i * 10)
  const png = Buffer.from(encodePng(rgb, 3, 2))
  expect(png.subarray(1, 4).toString()).toBe('PNG')
  const at = png.indexOf('IDAT')
  const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))
  expect([...rows.subarray(1, 10), ...rows.subarray(11, 20)]).toEqual([...rgb])
  expect(() => encodePng(rgb, 4, 2)).toThrow(RangeError)
})
