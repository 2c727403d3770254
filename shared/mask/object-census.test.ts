import { describe, expect, it } from 'vitest'
import type { Zyx } from '../volume/zyx.ts'
import { ComponentFinder } from './components.ts'
import { type CensusLimits, ObjectCensus } from './object-census.ts'
import { TooManyObjects } from './object-table.ts'
import { RunReader } from './plane-runs.ts'

function census(volume: ArrayLike<number>, shapeZyx: Zyx, limits?: CensusLimits) {
  const counting = new ObjectCensus(shapeZyx, limits)
  const reader = new RunReader(shapeZyx)
  for (const plane of planesOf(volume, shapeZyx)) counting.add(reader.read(plane))
  return counting.objects()
}

function planesOf(volume: ArrayLike<number>, [nz, ny, nx]: Zyx): number[][] {
  return Array.from({ length: nz }, (_, z) => Array.from(volume).slice(z * ny * nx, (z + 1) * ny * nx))
}

/** Labels 0 to `most`, background with the given share; the same for the same seed. */
function noise(length: number, share: number, most: number, seed: number): Uint16Array {
  let state = seed
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return Uint16Array.from({ length }, () => (next() < share ? 0 : 1 + Math.floor(next() * most)))
}

describe('against the finder that keeps everything', () => {
  it.each([
    [[3, 5, 7], 0.5, 1],
    [[9, 8, 11], 0.85, 1],
    [[9, 8, 11], 0.95, 3],
    [[12, 6, 5], 0.3, 4],
    [[1, 9, 9], 0.6, 2],
    [[9, 1, 9], 0.6, 2],
  ] as [Zyx, number, number][])('finds the same objects in noise of %s voxels', (shape, share, most) => {
    for (let seed = 1; seed <= 12; seed++) {
      const volume = noise(shape[0] * shape[1] * shape[2], share, most, seed)
      const finder = new ComponentFinder(shape)
      for (const plane of planesOf(volume, shape)) finder.add(plane)
      const expected = finder.components().map(({ id: _, ...facts }) => facts)
      const found = [...census(volume, shape).values()].flatMap(({ largest }) => largest)
      const key = (one: object) => JSON.stringify(one)
      expect(found.map(key).sort()).toEqual(expected.map(key).sort())
    }
  })
})

it('joins arms that meet in a later plane and keeps what has ended', () => {
  const objects = census([3, 0, 3, 0, 0, 3, 0, 3, 0, 7, 3, 3, 3, 0, 0, 0, 0, 0, 0, 3], [4, 1, 5]).get(3)
  expect(objects?.numObjects).toBe(2)
  expect(objects?.largest[0]).toEqual({
    ...{ label: 3, voxels: 7, boundingBoxZyx: { start: [0, 0, 0], shape: [3, 1, 3] } },
    centroidZyx: [(2 + 2 * 3) / 7, 0, (0 + 2 + 0 + 2 + 3) / 7],
  })
  expect(objects?.largest[1]).toMatchObject({ voxels: 1, centroidZyx: [3, 0, 4] })
})

it('lists the largest first, of the same size the first, and counts those left out', () => {
  const volume = new Uint8Array(5 * 5 * 40)
  for (let i = 0; i < 20; i++) for (let z = 0; z <= (i % 3) * 2; z++) volume[z * 200 + 2 * i] = 1
  const all = census(volume, [5, 5, 40], { mostListed: 9 }).get(1)
  expect(all?.numObjects).toBe(20)
  expect(all?.largest.map(({ voxels, centroidZyx }) => [voxels, centroidZyx[2]])).toEqual([
    ...[2, 5, 8, 11, 14, 17].map((i) => [5, 2 * i]),
    ...[1, 4, 7].map((i) => [3, 2 * i]),
  ])
})

it('lists fewer of each label where there are many', () => {
  const volume = new Uint16Array(40 * 1 * 40)
  for (let z = 0; z < 40; z += 2) for (let x = 0; x < 40; x += 2) volume[z * 40 + x] = 1 + (x / 2) * (z < 2 ? 0 : 1)
  const objects = census(volume, [40, 1, 40], { mostListed: 30, mostListedInAll: 60 })
  expect(objects.size).toBe(20)
  expect([...objects.values()].map((one) => one.largest.length)).toEqual(new Array(20).fill(3))
  expect([...objects.values()].map((one) => one.numObjects)).toEqual([39, ...new Array(19).fill(19)])
  expect(objects.get(1)?.largest.map((one) => one.centroidZyx[2])).toEqual([0, 2, 4])
})

it('holds the objects of one plane, not those of the volume', () => {
  const shape: Zyx = [60, 20, 20]
  const counting = new ObjectCensus(shape, { mostListed: 5, mostOpen: 200 })
  const plane = Uint8Array.from({ length: 400 }, (_, i) => (i % 2 === 0 && Math.floor(i / 20) % 2 === 0 ? 1 : 0))
  const empty = new Uint8Array(400)
  const reader = new RunReader(shape)
  for (let z = 0; z < 60; z++) counting.add(reader.read(z % 2 === 0 ? plane : empty))
  expect(counting.objects().get(1)?.numObjects).toBe(3000)
})

it('refuses more objects at once than its limit, too many planes and too few', () => {
  const dots = new RunReader([1, 1, 7]).read([1, 0, 1, 0, 1, 0, 1])
  expect(() => new ObjectCensus([1, 1, 7], { mostOpen: 3 }).add(dots)).toThrow(TooManyObjects)
  const counting = new ObjectCensus([1, 1, 7], { mostOpen: 4 })
  expect(() => counting.objects()).toThrow(RangeError)
  counting.add(dots)
  expect(() => counting.add(dots)).toThrow(RangeError)
  expect(counting.objects().get(1)?.numObjects).toBe(4)
})
