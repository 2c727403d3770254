import { describe, expect, it } from 'vitest'
import { isDarkOnBright, projectionWindow, projectionWindows } from './projection-window.ts'

const SHAPE = [30, 50, 70] as const

/** Noise between 100 and 200 that is the same each time, and `special` where it gives a value. */
function volume(special: (z: number, y: number, x: number) => number | null): Uint8Array {
  let seed = 1
  const out = new Uint8Array(SHAPE[0] * SHAPE[1] * SHAPE[2])
  for (let z = 0, at = 0; z < SHAPE[0]; z++)
    for (let y = 0; y < SHAPE[1]; y++)
      for (let x = 0; x < SHAPE[2]; x++, at++) {
        seed = (seed * 1103515245 + 12345) % 2 ** 31
        out[at] = special(z, y, x) ?? 100 + (seed / 2 ** 31) * 100
      }
  return out
}

const histogramOf = (voxels: Uint8Array) => {
  const counts = Array<number>(256).fill(0)
  for (const voxel of voxels) counts[voxel]++
  return counts
}

describe('projectionWindows', () => {
  it('lie where the largest and the smallest values of lines lie, far from the middle of the noise', () => {
    const { largest, smallest } = projectionWindows(
      volume(() => null),
      SHAPE,
    )
    expect((largest?.low ?? 0) * 255).toBeGreaterThan(180)
    expect((smallest?.high ?? 1) * 255).toBeLessThan(120)
  })

  it('reach to an object that many lines meet', () => {
    const object = (value: number) => volume((z, y, x) => (Math.hypot(z - 15, y - 25, x - 35) < 9 ? value : null))
    expect(projectionWindows(object(250), SHAPE).largest?.high).toBe(250 / 255)
    expect(projectionWindows(object(10), SHAPE).smallest?.low).toBe(10 / 255)
  })

  it('are none where every line is alike', () => {
    expect(projectionWindows(new Uint8Array(27).fill(7), [3, 3, 3])).toEqual({ largest: null, smallest: null })
  })
})

describe('projectionWindow', () => {
  it('is that of the projection where the contrast is automatic, and follows what the user drags', () => {
    const [auto, values] = [
      { low: 0.2, high: 0.6 },
      { low: 0.7, high: 0.9 },
    ]
    expect(projectionWindow(auto, auto, values)).toEqual({ low: 0.7, high: expect.closeTo(0.9) })
    const brighter = projectionWindow({ low: 0.2, high: 0.4 }, auto, values)
    expect(brighter).toEqual({ low: 0.7, high: expect.closeTo(0.8) })
    expect(projectionWindow(auto, auto, null)).toEqual(auto)
  })
})

describe('isDarkOnBright', () => {
  it('is told from the values: a tomogram has dark objects, a map bright ones', () => {
    const ball = (value: number) =>
      histogramOf(volume((z, y, x) => (Math.hypot(z - 15, y - 25, x - 35) < 12 ? value : null)))
    expect(isDarkOnBright(ball(20))).toBe(true)
    expect(isDarkOnBright(ball(250))).toBe(false)
    expect(isDarkOnBright(histogramOf(volume(() => null)))).toBe(false)
    expect(isDarkOnBright(histogramOf(new Uint8Array(8)))).toBe(false)
  })
})
