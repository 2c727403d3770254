import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { SHARED_DATA } from '../../build/test-support/shared-data.ts'
import type { Zyx } from '../volume/zyx.ts'
import { robustHausdorff, type SurfaceProfile, surfaceDice, surfaceDistances } from './distances.ts'
import { surfelAreas } from './surface.ts'

const REAL_MASK = path.join(SHARED_DATA, 'tomograms/tardis-microtubules/crop_b_mask.mrc')

const total = ({ areas }: SurfaceProfile) => areas.reduce((sum, area) => sum + area, 0)

/** Random masks that need no generator: a hash of the voxel's index. The golden numbers were made on the same masks. */
function hashed(length: number, seed: number, share: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => {
    const mixed = Math.imul(i + seed, 2654435761) >>> 0
    return Math.imul((mixed ^ (mixed >>> 15)) >>> 0, 2246822519) >>> 0 < share * 2 ** 32 ? 1 : 0
  })
}

interface Surfel {
  at: number[]
  area: number
}

/** Surface elements of a mask, each corner looked at on its own. */
function surfels(mask: Uint8Array, [nz, ny, nx]: Zyx, spacing: Zyx): Surfel[] {
  const areas = surfelAreas(spacing)
  const inside = (z: number, y: number, x: number) =>
    z >= 0 && y >= 0 && x >= 0 && z < nz && y < ny && x < nx ? mask[(z * ny + y) * nx + x] : 0
  const found: Surfel[] = []
  for (let z = 0; z <= nz; z++)
    for (let y = 0; y <= ny; y++)
      for (let x = 0; x <= nx; x++) {
        let code = 0
        for (let bit = 0; bit < 8; bit++)
          code |= inside(z - 1 + (bit >> 2), y - 1 + ((bit >> 1) & 1), x - 1 + (bit & 1)) << bit
        if (code !== 0 && code !== 255)
          found.push({ at: [z * spacing[0], y * spacing[1], x * spacing[2]], area: areas[code] })
      }
  return found
}

/** HD95 and surface Dice from all pairs of surface elements. */
function bruteForce(first: Uint8Array, second: Uint8Array, shape: Zyx, spacing: Zyx, tolerance: number) {
  const [a, b] = [surfels(first, shape, spacing), surfels(second, shape, spacing)]
  const measured = [
    [a, b],
    [b, a],
  ].map(([from, to]) =>
    from
      .map(({ at, area }) => ({
        area,
        distance: Math.min(...to.map((one) => Math.hypot(...at.map((value, axis) => value - one.at[axis])))),
      }))
      .sort((p, q) => p.distance - q.distance),
  )
  const sum = (list: { area: number }[]) => list.reduce((area, one) => area + one.area, 0)
  const hd95 = measured.map((list) => {
    let area = 0
    for (const one of list) {
      area += one.area
      if (area >= 0.95 * sum(list) * (1 - 1e-12)) return one.distance
    }
    return Number.NaN
  })
  const all = measured.flat()
  const within = all.filter(({ distance }) => distance <= tolerance * (1 + 1e-6))
  return { hd95: Math.max(...hd95), surfaceDice: sum(within) / sum(all) }
}

describe('surfaceDistances', () => {
  it('measures two single voxels by hand, along each axis with its own spacing', () => {
    const spacing: Zyx = [5, 3, 2]
    for (const [shape, distance] of [
      [[3, 1, 1], 10],
      [[1, 3, 1], 6],
      [[1, 1, 3], 4],
    ] as [Zyx, number][]) {
      const found = surfaceDistances([1, 0, 0], [0, 0, 1], shape, spacing)
      // Of the eight corners of a voxel four are one voxel from the other, four are two.
      expect([...found.firstToSecond.distances]).toEqual(
        [distance / 2, distance].map((value) => expect.closeTo(value, 5)),
      )
      expect(robustHausdorff(found)).toBeCloseTo(distance, 5)
      expect(surfaceDice(found, distance / 2)).toBeCloseTo(0.5)
      expect(surfaceDice(found, distance / 2 - 0.01)).toBe(0)
      expect(surfaceDice(found, distance)).toBe(1)
    }
  })

  it('agrees with all pairs of surface elements in random masks', () => {
    const shapes: Zyx[] = [
      [1, 1, 4],
      [3, 5, 7],
      [6, 4, 5],
    ]
    for (const shape of shapes)
      for (const spacing of [
        [1, 1, 1],
        [3, 1.5, 0.7],
        [1.348, 1.348, 1.348],
      ] as Zyx[])
        for (const share of [0.05, 0.3, 0.8]) {
          const length = shape[0] * shape[1] * shape[2]
          const masks = [hashed(length, 11, share), hashed(length, 70001, share)] as const
          if (!masks.every((mask) => mask.includes(1))) continue
          const found = surfaceDistances(...masks, shape, spacing)
          const expected = bruteForce(...masks, shape, spacing, 1.348)
          expect(robustHausdorff(found)).toBeCloseTo(expected.hd95, 5)
          expect(surfaceDice(found, 1.348)).toBeCloseTo(expected.surfaceDice, 9)
        }
  })

  // Numbers of google-deepmind/surface-distance, commit 1f805ce, with numpy 1.24 and scipy 1.10:
  // HD95, surface Dice at the tolerance, area of the first and of the second surface.
  const GOLDEN: [Zyx, Zyx, number, number, number[]][] = [
    [[5, 7, 9], [1, 1, 1], 1, 0.5, [0, 1, 339.0825000822912, 346.36820320990626]],
    [[6, 4, 11], [3, 1.5, 0.7], 1.6, 0.1, [3, 0.818090123926252, 96.05793405746815, 138.9403702329212]],
    [
      [12, 9, 10],
      [2, 1, 1.3],
      2.05,
      0.02,
      [4.657252408878008, 0.5899208617222806, 80.11060341101066, 83.17440811726024],
    ],
  ]
  it('gives the numbers of the reference implementation for random masks', () => {
    for (const [shape, spacing, tolerance, share, expected] of GOLDEN) {
      const length = shape[0] * shape[1] * shape[2]
      const found = surfaceDistances(hashed(length, 1, share), hashed(length, 100003, share), shape, spacing)
      const numbers = [
        robustHausdorff(found),
        surfaceDice(found, tolerance),
        total(found.firstToSecond),
        total(found.secondToFirst),
      ]
      expect(numbers).toEqual(expected.map((value) => expect.closeTo(value, 5)))
    }
  })

  it.skipIf(!existsSync(REAL_MASK))('gives its numbers for a real mask and the same moved by (1, 2, 3) voxels', () => {
    const file = readFileSync(REAL_MASK)
    const shape: Zyx = [file.readInt32LE(8), file.readInt32LE(4), file.readInt32LE(0)]
    const mask = Uint8Array.from(file.subarray(1024 + file.readInt32LE(92)))
    const moved = new Uint8Array(mask.length)
    for (let z = 1; z < shape[0]; z++)
      for (let y = 2; y < shape[1]; y++)
        for (let x = 3; x < shape[2]; x++)
          moved[(z * shape[1] + y) * shape[2] + x] = mask[((z - 1) * shape[1] + y - 2) * shape[2] + x - 3]
    const numbers = (spacing: Zyx) => {
      const found = surfaceDistances(mask, moved, shape, spacing)
      return [robustHausdorff(found), surfaceDice(found, 2), total(found.firstToSecond), total(found.secondToFirst)]
    }
    const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5))
    expect(numbers([1, 1, 1])).toEqual(close([2, 0.9703058034188836, 1594.359095075345, 1488.1152414734506]))
    expect(numbers([2, 1.1, 0.9])).toEqual(
      close([3.4756294393965534, 0.8266178159318276, 1937.4905505286602, 1785.3666687229618]),
    )
  })

  it('has no distance where a mask is empty, no overlap where one is, no number where both are', () => {
    const oneEmpty = surfaceDistances([1, 0], [0, 0], [1, 1, 2], [1, 1, 1])
    expect([...oneEmpty.firstToSecond.distances]).toEqual([Number.POSITIVE_INFINITY])
    expect([robustHausdorff(oneEmpty), surfaceDice(oneEmpty, 100)]).toEqual([null, 0])
    const bothEmpty = surfaceDistances([0, 0], [0, 0], [1, 1, 2], [1, 1, 1])
    expect([robustHausdorff(bothEmpty), surfaceDice(bothEmpty, 100)]).toEqual([null, null])
  })

  it('refuses other sizes, spacings that are none and grids that are too large, before any work', () => {
    expect(() => surfaceDistances([1], [1, 1], [1, 1, 2], [1, 1, 1])).toThrow(RangeError)
    expect(() => surfaceDistances([1], [1], [1, 1, 1], [1, 0, 1])).toThrow(RangeError)
    const huge = { length: 600 ** 3 }
    expect(() => surfaceDistances(huge as never, huge as never, [600, 600, 600], [1, 1, 1])).toThrow(/corners/)
    expect(() => surfaceDistances([1, 0], [0, 1], [1, 1, 2], [1, 1, 1], 11)).toThrow(/more than 11 corners/)
    expect(surfaceDistances([1, 0], [0, 1], [1, 1, 2], [1, 1, 1], 12).firstToSecond.distances).toHaveLength(2)
  })
})
