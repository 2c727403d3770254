import { describe, expect, it } from 'vitest'
import { RunningStatistics } from './running-statistics.ts'
import { asValues, toFloat32, type ValueArray } from './voxel-values.ts'

/** The definition, value by value: sums around the first finite value of each chunk, merged by Chan's rule. */
function plainly(chunks: (ValueArray | Float64Array)[], isNonzeroOnly: boolean) {
  const all = { count: 0, nonfinite: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, mean: 0, std: 0 }
  let squaresOfAll = 0
  for (const chunk of chunks) {
    const finite = [...chunk].filter(Number.isFinite)
    const [shift = 0] = finite
    const values = isNonzeroOnly ? finite.filter((value) => value !== 0) : finite
    all.nonfinite += chunk.length - finite.length
    if (values.length === 0) continue
    let [sum, squares] = [0, 0]
    for (const value of values) {
      sum += value - shift
      squares += (value - shift) * (value - shift)
      if (value < all.min) all.min = value
      if (value > all.max) all.max = value
    }
    const total = all.count + values.length
    const delta = shift + sum / values.length - all.mean
    squaresOfAll += squares - (sum * sum) / values.length + (delta * delta * all.count * values.length) / total
    all.mean += (delta * values.length) / total
    all.count = total
  }
  return { ...all, std: Math.sqrt(Math.max(0, squaresOfAll) / all.count) }
}

function randomValues(length: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state % 11 === 0 ? 0 : (state / 2 ** 24 - 100) * 1.7
  })
}

/** Longer than what is summed in one call, and no multiple of it. */
const LENGTHS = [1, 4096, 10_007]

describe.each([false, true])('statistics, of non-zero values only: %s', (isNonzeroOnly) => {
  const expectPlain = (chunks: (ValueArray | Float64Array)[]) => {
    const running = new RunningStatistics(isNonzeroOnly)
    for (const chunk of chunks) running.add(chunk)
    expect(running.result()).toEqual(plainly(chunks, isNonzeroOnly))
  }

  it('have every bit of the plain sums, chunk by chunk', () => {
    for (const length of LENGTHS) expectPlain([randomValues(length, 1), randomValues(length + 3, 2)])
  })

  it('leave out what is not finite, in any part of a chunk', () => {
    const values = randomValues(15_000, 3)
    for (const at of [0, 4095, 4096, 9000]) values.set([Number.NaN, Number.POSITIVE_INFINITY], at)
    values.fill(Number.NEGATIVE_INFINITY, 10_000, 15_000)
    expectPlain([new Float32Array(5).fill(Number.NaN), values])
  })

  it('are those of any stored type', () => {
    const values = randomValues(9000, 4)
    const wide = values.map((value) => value * 150)
    const arrays = [Int8Array, Uint8Array, Int16Array, Uint16Array].map((type) => type.from(wide))
    for (const stored of [...arrays, Float64Array.from(values, (value) => value / 3)]) expectPlain([stored, stored])
  })

  it('survive float64 values whose squares are too large for a number', () => {
    expectPlain([Float64Array.of(1, -1e200, 3)])
  })
})

it('gives stored voxels themselves where they are the values, else the same values as float32', () => {
  const int16 = Int16Array.of(-3, 0, 7)
  expect(asValues(int16, 'int16', null)).toBe(int16)
  const float32 = Float32Array.of(0.5, Number.NaN)
  expect(asValues(float32, 'float32', null)).toBe(float32)
  const scaling = { slope: 0.1, intercept: 3 }
  const half = Uint16Array.of(0x3c00, 0x8000)
  const others = [
    [int16, 'int16', scaling],
    [half, 'float16', null],
    [Int32Array.of(2 ** 24 + 1), 'int32', null],
    [Float64Array.of(0.1), 'float64', null],
  ] as const
  for (const [voxels, dtype, scale] of others)
    expect(asValues(voxels, dtype, scale)).toEqual(toFloat32(voxels, dtype, scale))
})
