import { describe, expect, it } from 'vitest'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { encodeMeans, encodeValues, mergeSums, sumPairs } from './block-mean.ts'

const SHAPE = [3, 5, 7] as const
const values = Float32Array.from({ length: 105 }, (_, i) => (i * 37) % 101)
const PLAIN = { slope: 1, intercept: 0 }
const BYTES = { low: 0, high: 255 }

/** The rule of DESIGN §5, voxel by voxel. */
function plain(bin: number): number[] {
  const [nz, ny, nx] = blockGridShape(SHAPE, bin)
  const means: number[] = []
  for (let p = 0; p < nz * ny * nx; p++) {
    const [bz, by, bx] = [Math.floor(p / (ny * nx)), Math.floor(p / nx) % ny, p % nx]
    const covered: number[] = []
    for (let z = bz * bin; z < Math.min((bz + 1) * bin, 3); z++)
      for (let y = by * bin; y < Math.min((by + 1) * bin, 5); y++)
        for (let x = bx * bin; x < Math.min((bx + 1) * bin, 7); x++) covered.push(values[(z * 5 + y) * 7 + x])
    means.push(Math.round(covered.reduce((sum, value) => sum + value, 0) / covered.length))
  }
  return means
}

describe('block means', () => {
  it('are means over the voxels that a block covers, at every level', () => {
    let sums = sumPairs(values, SHAPE)
    for (const bin of [2, 4, 8]) {
      expect(sums.shapeZyx).toEqual(blockGridShape(SHAPE, bin))
      expect([...encodeMeans(sums, PLAIN, BYTES)]).toEqual(plain(bin))
      sums = mergeSums(sums)
    }
  })

  it('leave out voxels that are not finite, and clamp', () => {
    const odd = Float32Array.of(Number.NaN, 4, Number.POSITIVE_INFINITY, 99, Number.NaN)
    expect([...encodeMeans(sumPairs(odd, [1, 1, 5]), PLAIN, { low: 0, high: 10 })]).toEqual([102, 255, 0])
  })

  it('apply the scaling of the file', () => {
    const sums = sumPairs(Float32Array.of(10, 30), [1, 1, 2])
    expect([...encodeMeans(sums, { slope: 2, intercept: 5 }, BYTES)]).toEqual([45])
  })
})

describe('encodeValues', () => {
  it('spreads the range over the codes, clamps, and makes NaN 0', () => {
    const codes = encodeValues(Float32Array.of(-5, 0, 5, 10, 11, Number.NaN), PLAIN, { low: 0, high: 10 })
    expect([...codes]).toEqual([0, 0, 128, 255, 255, 0])
  })
})
