import { describe, expect, it } from 'vitest'
import type { Normalization } from '../../shared/contract/model-package.ts'
import { newVoxels } from '../../shared/formats/raw-voxel-source.ts'
import type { DType, VoxelArray } from '../../shared/volume/dtype.ts'
import { toFloat32 } from '../../shared/volume/voxel-values.ts'
import { makeNormaliser } from './normalise.ts'
import { storedNormaliser } from './stored-normaliser.ts'

const DTYPES: DType[] = ['int8', 'uint8', 'int16', 'uint16', 'float16', 'int32', 'float32', 'float64']
const STATISTICS = { count: 9, nonfinite: 1, min: -90, max: 250, mean: 3.3, std: 41.7 }
const RULES = [
  { scheme: 'zscore', use_nonzero_mask: false },
  { scheme: 'zscore', use_nonzero_mask: true },
  { scheme: 'ct', use_nonzero_mask: false, percentile_00_5: -33.3, percentile_99_5: 70.7, mean: 1.1, std: 20.3 },
  { scheme: 'rescale01', use_nonzero_mask: false },
  { scheme: 'none', use_nonzero_mask: false },
] as const
const CASES = RULES.flatMap((rule) => [false, true].map((invert_contrast) => ({ ...rule, invert_contrast })))

/** Both ends of the type, both signs, zeros of both signs, and what is not finite unless nothing shall be. */
function voxelsOf(dtype: DType, isAllFinite: boolean): VoxelArray {
  const voxels = newVoxels(dtype, 40_000)
  for (let i = 0; i < voxels.length; i++)
    voxels[i] = dtype === 'float16' ? (i * 3) & (isAllFinite ? 0xbbff : 0xffff) : i - 20_000
  if (voxels instanceof Float32Array || voxels instanceof Float64Array)
    voxels.set([-0, 1e-42, 0.1, ...(isAllFinite ? [] : [Number.NaN, Number.POSITIVE_INFINITY, -Number.MAX_VALUE])], 7)
  return voxels
}

/** nnU-Net's steps one after the other, each rounded to float32. */
function plainly(values: Float32Array, rule: (typeof CASES)[number], mask: Uint8Array | null): Float32Array {
  const sign = rule.invert_contrast ? -1 : 1
  const [min, max] = sign === 1 ? [STATISTICS.min, STATISTICS.max] : [-STATISTICS.max, -STATISTICS.min]
  const shown = values.map((value) => sign * (Number.isFinite(value) ? value : STATISTICS.mean))
  const scaled = (low: number, high: number, offset: number, divisor: number) =>
    shown
      .map((value) => Math.min(Math.max(value, low), high))
      .map((value) => value - Math.fround(offset))
      .map((value) => value / Math.fround(divisor))
  const all = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const
  if (rule.scheme === 'none') return shown
  if (rule.scheme === 'rescale01') return scaled(min, max, min, max - min)
  if (rule.scheme === 'ct') return scaled(rule.percentile_00_5, rule.percentile_99_5, rule.mean, rule.std)
  const scores = scaled(...all, sign * STATISTICS.mean, STATISTICS.std)
  const isLeft = (i: number) => rule.use_nonzero_mask && (mask ? mask[i] === 0 : shown[i] === 0)
  return scores.map((score, i) => (isLeft(i) ? shown[i] : score))
}

describe.each(DTYPES)('normalising voxels stored as %s', (dtype) => {
  it.each(CASES)('gives every bit of the single steps: %j', (rule) => {
    expectPlain(dtype, rule, 0)
    expectPlain(dtype, rule, 1)
  })
})

function expectPlain(dtype: DType, rule: (typeof CASES)[number], nonfinite: number): void {
  const stored = voxelsOf(dtype, nonfinite === 0)
  const mask = Uint8Array.from(stored as Uint8Array, (_, i) => (i % 3 === 0 ? 1 : 0))
  for (const scaling of [null, { slope: 0.1, intercept: -3.3 }]) {
    const normaliser = makeNormaliser({ channel: 'a', ...rule } as Normalization, { ...STATISTICS, nonfinite }, () => 0)
    const normalise = storedNormaliser({ dtype, scaling }, normaliser)
    for (const usedMask of [null, mask]) {
      const into = new Float32Array(stored.length)
      normalise(stored, usedMask, into)
      const expected = plainly(toFloat32(stored, dtype, scaling), rule, usedMask)
      expect(Buffer.from(into.buffer).equals(Buffer.from(expected.buffer))).toBe(true)
    }
  }
}
