import { expect, it } from 'vitest'
import type { Zyx } from '../volume/zyx.ts'
import { RunReader } from './plane-runs.ts'
import { SurfaceMeter, surfelAreas } from './surface.ts'

function measure(labels: ArrayLike<number>, [nz, ny, nx]: Zyx, spacingZyx: Zyx): Map<number, number> {
  const meter = new SurfaceMeter([nz, ny, nx], spacingZyx)
  const reader = new RunReader([nz, ny, nx])
  const all = Array.from(labels)
  for (let z = 0; z < nz; z++) meter.add(reader.read(all.slice(z * ny * nx, (z + 1) * ny * nx)))
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

it('adds the areas of the neighbourhoods in their order, to the last bit', () => {
  const spacing: Zyx = [3.1, 1.7, 0.9]
  const areas = surfelAreas(spacing)
  for (let nx = 1; nx <= 9; nx++) {
    const shape: Zyx = [4, 5, nx]
    let state = nx
    const labels = Uint8Array.from({ length: 20 * nx }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.max(0, Math.floor(state / 2 ** 30) - 1)
    })
    const at = (z: number, y: number, x: number) =>
      z < 0 || y < 0 || x < 0 || z > 3 || y > 4 || x >= nx ? 0 : labels[(z * 5 + y) * nx + x]
    const found = measure(labels, shape, spacing)
    for (const label of [1, 2]) {
      let sum = 0
      for (let z = -1; z < 4; z++)
        for (let y = -1; y < 5; y++)
          for (let x = -1; x < nx; x++) {
            let code = 0
            for (let i = 0; i < 8; i++) if (at(z + (i >> 2), y + ((i >> 1) & 1), x + (i & 1)) === label) code |= 1 << i
            sum += areas[code]
          }
      expect(found.get(label) ?? 0).toBe(sum)
    }
  }
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

it('refuses too many planes and too few', () => {
  const meter = new SurfaceMeter([1, 2, 2], [1, 1, 1])
  const runs = new RunReader([1, 2, 2]).read([0, 0, 0, 0])
  expect(() => meter.areas()).toThrow(RangeError)
  meter.add(runs)
  expect(meter.areas()).toEqual(meter.areas())
  expect(() => meter.add(runs)).toThrow(RangeError)
})
