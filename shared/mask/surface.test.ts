import { expect, it } from 'vitest'
import type { Zyx } from '../volume/zyx.ts'
import { SurfaceMeter, surfelAreas } from './surface.ts'

function measure(labels: ArrayLike<number>, [nz, ny, nx]: Zyx, spacingZyx: Zyx): Map<number, number> {
  const meter = new SurfaceMeter([nz, ny, nx], spacingZyx)
  const all = Array.from(labels)
  for (let z = 0; z < nz; z++) meter.add(all.slice(z * ny * nx, (z + 1) * ny * nx))
  return meter.areas()
}

it('gives all 254 mixed neighbourhoods an area, none to the two uniform ones, and the same to their complements', () => {
  const areas = surfelAreas([3, 1.5, 0.7])
  expect([areas[0], areas[255]]).toEqual([0, 0])
  for (let code = 1; code < 255; code++) {
    expect(areas[code]).toBeGreaterThan(0)
    expect(areas[255 - code]).toBe(areas[code])
  }
})

it('knows the faces of a cell by their axis', () => {
  const areas = surfelAreas([2, 3, 5])
  expect(areas[0b11110000]).toBeCloseTo(3 * 5)
  expect(areas[0b11001100]).toBeCloseTo(2 * 5)
  expect(areas[0b10101010]).toBeCloseTo(2 * 3)
})

it('measures one voxel as the octahedron between its neighbours', () => {
  const [a, b, c] = [2 / 2, 3 / 2, 5 / 2]
  const face = Math.hypot(a * b, b * c, a * c) / 2
  expect(measure([7], [1, 1, 1], [2, 3, 5]).get(7)).toBeCloseTo(8 * face)
})

it('measures a box as its faces, less the corners and edges that are cut off', () => {
  const [z, y, x] = [6, 8, 10]
  const faces = 2 * ((z - 1) * (y - 1) + (z - 1) * (x - 1) + (y - 1) * (x - 1))
  const edges = 4 * (z - 1 + y - 1 + x - 1) * Math.SQRT1_2
  const corners = 8 * (Math.sqrt(3) / 8)
  expect(measure(new Uint8Array(z * y * x).fill(1), [z, y, x], [1, 1, 1]).get(1)).toBeCloseTo(
    faces + edges + corners,
    9,
  )
})

it('measures each label against everything else, so that a face between two labels counts for both', () => {
  const together = measure([1, 1, 4, 0, 1, 4], [1, 2, 3], [1, 2, 3])
  expect([...together.keys()]).toEqual([1, 4])
  expect(together.get(1)).toBeCloseTo(measure([1, 1, 0, 0, 1, 0], [1, 2, 3], [1, 2, 3]).get(1) ?? 0)
  expect(together.get(4)).toBeCloseTo(measure([0, 0, 4, 0, 0, 4], [1, 2, 3], [1, 2, 3]).get(4) ?? 0)
})

it('makes a sphere 7 to 11 % too large', () => {
  const shape: Zyx = [43, 45, 47]
  const ball = Uint8Array.from({ length: 43 * 45 * 47 }, (_, i) => {
    const [z, y, x] = [Math.floor(i / (45 * 47)) - 21, (Math.floor(i / 47) % 45) - 22, (i % 47) - 23]
    return z * z + y * y + x * x <= 400 ? 1 : 0
  })
  const ratio = (measure(ball, shape, [1, 1, 1]).get(1) ?? 0) / (4 * Math.PI * 400)
  expect(ratio).toBeGreaterThan(1.07)
  expect(ratio).toBeLessThan(1.11)
})

it('refuses planes of another size, too many and too few', () => {
  const meter = new SurfaceMeter([1, 2, 2], [1, 1, 1])
  expect(() => meter.areas()).toThrow(RangeError)
  expect(() => meter.add([1])).toThrow(RangeError)
  meter.add([0, 0, 0, 0])
  expect(meter.areas()).toEqual(meter.areas())
  expect(() => meter.add([0, 0, 0, 0])).toThrow(RangeError)
})
