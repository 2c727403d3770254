import { describe, expect, it } from 'vitest'
import { numVoxels, type Zyx } from '../../../shared/volume/zyx.ts'
import type { ResampleOptions } from './plan.ts'
import { dataRanges, firstPlaneNeeded, needsRanges, resampleSlabs, SlabResampler, slabBytes } from './resample-slabs.ts'
import { resampleData, resampleLogits } from './resample-volume.ts'

const SHAPES: [Zyx, Zyx][] = [
  [
    [7, 5, 6],
    [7, 5, 6],
  ],
  [
    [61, 5, 6],
    [83, 7, 4],
  ],
  [
    [90, 6, 5],
    [31, 4, 9],
  ],
  [
    [90, 6, 5],
    [1, 6, 5],
  ],
  [
    [1, 5, 6],
    [4, 7, 3],
  ],
  [
    [3, 1, 6],
    [11, 1, 8],
  ],
  [
    [5, 4, 1],
    [5, 9, 3],
  ],
  [
    [40, 4, 3],
    [400, 3, 4],
  ],
]

/** Noise that is the same every time, with an offset so that edges matter. */
function noise(length: number): Float32Array {
  let state = 12345
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32 + 3
  })
}

/** The reader of a volume that refuses any order but one read of every plane, ascending. */
function planeReader(volume: Float32Array, [sizeZ, sizeY, sizeX]: Zyx, numChannels = 1) {
  const planeVox = sizeY * sizeX
  let expected = 0
  return async (z: number) => {
    expect(z).toBe(expected++ % sizeZ)
    const plane = new Float32Array(numChannels * planeVox)
    for (let channel = 0; channel < numChannels; channel++) {
      const from = (channel * sizeZ + z) * planeVox
      plane.set(volume.subarray(from, from + planeVox), channel * planeVox)
    }
    return plane
  }
}

async function dataBySlabs(volume: Float32Array, shape: Zyx, newShape: Zyx, options: ResampleOptions) {
  const ranges = [await dataRanges(planeReader(volume, shape), shape, newShape, options)]
  const out: number[] = []
  for await (const plane of resampleSlabs(planeReader(volume, shape), shape, newShape, { ...options, ranges }))
    out.push(...plane)
  return Float32Array.from(out)
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0)
}

describe.each([null, 0, 1, 2] as const)('data by slabs with separate axis %s', (separateAxis) => {
  it.each([0, 1])('equals the whole volume bit for bit at order %i', async (order) => {
    for (const [shape, newShape] of SHAPES) {
      const options = { order, orderZ: order, separateAxis }
      const volume = noise(numVoxels(shape))
      const slabs = await dataBySlabs(volume, shape, newShape, options)
      expect(slabs).toEqual(resampleData(volume, shape, newShape, options))
    }
  })

  it.each([
    [2, 0],
    [3, 0],
    [3, 1],
    [3, 3],
  ])('equals the whole volume to 2e-7 of the values at order %i, order_z %i', async (order, orderZ) => {
    for (const [shape, newShape] of SHAPES) {
      const options = { order, orderZ, separateAxis }
      const volume = noise(numVoxels(shape))
      const slabs = await dataBySlabs(volume, shape, newShape, options)
      const difference = largestDifference(slabs, resampleData(volume, shape, newShape, options))
      expect(difference / 4).toBeLessThan(2e-7)
    }
  })
})

it.each([null, 0] as const)(
  'gives logits by slabs bit for bit, all channels of a plane at once',
  async (separateAxis) => {
    for (const [shape, newShape] of SHAPES) {
      const options = { order: 1, orderZ: 0, separateAxis }
      const logits = noise(3 * numVoxels(shape))
      const whole = resampleLogits(logits, shape, newShape, options)
      const readWhole = planeReader(whole, newShape, 3)
      let z = 0
      const slabs = resampleSlabs(planeReader(logits, shape, 3), shape, newShape, { ...options, numChannels: 3 })
      for await (const plane of slabs) expect(plane).toEqual(await readWhole(z++))
      expect(z).toBe(newShape[0])
    }
  },
)

it('gives the volume itself when the shape does not change', async () => {
  const volume = noise(numVoxels([7, 5, 6]))
  const options = { order: 3, orderZ: 0, separateAxis: null }
  expect(resampleData(volume, [7, 5, 6], [7, 5, 6], options)).toEqual(volume)
  expect(await dataBySlabs(volume, [7, 5, 6], [7, 5, 6], options)).toEqual(volume)
})

it('clips splines to the range of the volume, or of each slice across the separate axis', () => {
  const shape: Zyx = [2, 6, 5]
  const newShape: Zyx = [4, 17, 13]
  const volume = Float32Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? 1 : 0) + (i >= 30 ? 10 : 0))
  const whole = resampleData(volume, shape, newShape, { order: 3, orderZ: 0, separateAxis: null })
  expect([Math.min(...whole), Math.max(...whole)]).toEqual([0, 11])
  const bySlice = resampleData(volume, shape, newShape, { order: 3, orderZ: 0, separateAxis: 0 })
  const first = bySlice.subarray(0, 17 * 13)
  const last = bySlice.subarray(3 * 17 * 13)
  expect([Math.min(...first), Math.max(...first), Math.min(...last), Math.max(...last)]).toEqual([0, 1, 10, 11])
})

it('needs ranges beforehand for splines unless z is the separate axis', () => {
  const shapes = [[4, 5, 6] as Zyx, [8, 5, 6] as Zyx] as const
  expect(needsRanges(...shapes, { order: 3, orderZ: 0, separateAxis: null })).toBe(true)
  expect(needsRanges(...shapes, { order: 3, orderZ: 0, separateAxis: 1 })).toBe(true)
  expect(needsRanges(...shapes, { order: 3, orderZ: 0, separateAxis: 0 })).toBe(false)
  expect(needsRanges(...shapes, { order: 1, orderZ: 0, separateAxis: null })).toBe(false)
  expect(() => new SlabResampler(...shapes, { order: 3, orderZ: 0, separateAxis: null })).toThrow(/ranges/)
})

it('hands planes out as soon as they are final, with memory that does not grow with z', () => {
  const options = { order: 3, orderZ: 0, separateAxis: null }
  const ranges = [{ min: Float32Array.of(3), max: Float32Array.of(4) }]
  const resampler = new SlabResampler([200, 2, 3], [100, 2, 3], { ...options, ranges })
  let numGiven = 0
  for (let z = 0; z < 200; z++) {
    numGiven += [...resampler.push(noise(6))].length
    expect(numGiven).toBeGreaterThanOrEqual(Math.floor((z - 28) / 2))
  }
  expect(numGiven).toBe(100)
  expect(slabBytes([2000, 64, 80], [1000, 32, 40], options)).toBe(slabBytes([200, 64, 80], [100, 32, 40], options))
})

it('the bytes of a resampler are told for an axis that could never be made', () => {
  const huge: Zyx = [1e12, 4, 3]
  for (const order of [0, 1, 3]) {
    const options = { order, orderZ: order, separateAxis: null }
    expect(slabBytes([40, 4, 3], huge, options)).toBe(slabBytes([40, 4, 3], [41, 4, 3], options))
  }
})

it.each([
  [20, 13],
  [13, 20],
  [20, 5],
  [20, 20],
])(
  'from %i to %i planes, those behind the known ones come out the same without what only these need',
  (size, newSize) => {
    const [from, to] = [[size, 3, 4] as const, [newSize, 5, 3] as const]
    const options = { order: 1, orderZ: 0, separateAxis: null } as const
    const planes = Array.from({ length: size }, (_, z) =>
      Float32Array.from({ length: 12 }, (_, i) => Math.sin(z * 12 + i)),
    )
    const all = new SlabResampler(from, to, options)
    const expected = planes.flatMap((plane) => [...all.push(plane)])
    for (let known = 0; known <= newSize; known++) {
      const first = firstPlaneNeeded(known, from, to, options)
      const resampler = new SlabResampler(from, to, options, known)
      const found = planes.slice(first).flatMap((plane) => [...resampler.push(plane)])
      expect(found, `${known} known`).toEqual(expected.slice(known))
    }
  },
)
