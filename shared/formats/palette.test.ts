import { describe, expect, it } from 'vitest'
import { Palette } from './palette.ts'

const picture = (colors: readonly (readonly [number, number, number])[]) =>
  Uint8ClampedArray.from(colors.flatMap(([r, g, b]) => [r, g, b, 255]))

/** The largest difference in a channel between a picture and what its palette makes of it. */
function worst(palette: Palette, rgba: Uint8ClampedArray): number {
  const indices = new Uint8Array(rgba.length / 4)
  palette.lookUp(rgba, indices)
  let most = 0
  for (const [pixel, index] of indices.entries())
    for (let c = 0; c < 3; c++) most = Math.max(most, Math.abs(palette.colors[index * 3 + c] - rgba[pixel * 4 + c]))
  return most
}

describe('a palette', () => {
  it('keeps greys, black and white among them', () => {
    const greys = picture(Array.from({ length: 256 }, (_, i) => [i, i, i]))
    const palette = new Palette()
    palette.learn(greys)
    expect(worst(palette, greys)).toBeLessThanOrEqual(1)
    const indices = new Uint8Array(2)
    palette.lookUp(
      picture([
        [0, 0, 0],
        [255, 255, 255],
      ]),
      indices,
    )
    expect([...palette.colors.subarray(indices[0] * 3, indices[0] * 3 + 3)]).toEqual([0, 0, 0])
    expect([...palette.colors.subarray(indices[1] * 3, indices[1] * 3 + 3)]).toEqual([255, 255, 255])
  })

  it('keeps a rare colour beside many greys', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => [i & 255, i & 255, i & 255] as const)
    const red = picture([...many, [230, 40, 40]])
    const palette = new Palette()
    palette.learn(red)
    expect(worst(palette, red)).toBeLessThanOrEqual(4)
  })

  it('stays near with more colours than it has', () => {
    let seed = 7
    const next = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648
      return (seed >> 16) & 255
    }
    const noise = picture(Array.from({ length: 5000 }, () => [next(), next(), next()]))
    const palette = new Palette()
    palette.learn(noise)
    expect(worst(palette, noise)).toBeLessThan(90)
  })

  it('is black of nothing', () => {
    expect(new Set(new Palette().colors)).toEqual(new Set([0]))
  })
})
