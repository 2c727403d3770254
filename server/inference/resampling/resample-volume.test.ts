import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readNpy } from '../../../build/test-support/npy.ts'
import { hasSharedData, SHARED_DATA } from '../../../build/test-support/shared-data.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'
import { resampleData, resampleLogits } from './resample-volume.ts'

const FOLDER = path.join(SHARED_DATA, 'nnunet')

function unit(name: string): Float32Array {
  return Float32Array.from(readNpy(path.join(FOLDER, 'units', `${name}.npy`)).data)
}

/** Largest difference over the largest absolute value of the expected array. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length)
  let largest = 0
  let difference = 0
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]))
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]))
  }
  return difference / largest
}

describe.runIf(hasSharedData)('resampling against runs of the nnU-Net code', () => {
  const shape: Zyx = [12, 40, 44]
  it.each([
    ['resample_iso_o3_9x30x33', [9, 30, 33], { order: 3, orderZ: 0, separateAxis: null }],
    ['resample_iso_o1_17x55x61', [17, 55, 61], { order: 1, orderZ: 0, separateAxis: null }],
    ['resample_sepz_o3z0_36x30x33', [36, 30, 33], { order: 3, orderZ: 0, separateAxis: 0 }],
  ] as const)('gives %s to 1e-7 of the largest value', (name, newShape, options) => {
    const actual = resampleData(unit('resample_in_12x40x44'), shape, newShape, options)
    expect(relativeError(actual, unit(name))).toBeLessThan(1e-7)
  })

  it('gives the labels of the resampled reference run but for the rounding of its stored logits', () => {
    const stored = readNpy(path.join(FOLDER, 'odd_resample_logits_lowres.npy'))
    const logits = Float32Array.from(stored.data, halfToNumber)
    const high = resampleLogits(logits, [53, 74, 86], [72, 100, 116], { order: 1, orderZ: 0, separateAxis: null })
    const expected = gunzipSync(readFileSync(path.join(FOLDER, 'odd_resampled_10A_to_13.48A_f32acc.lab.u8.gz')))
    const { numDiffering, largestMargin } = compareLabels(high, expected)
    // Measured: 12 voxels with margins up to 4.6e-4, what the float16 of the stored logits leaves open.
    expect(numDiffering).toBeLessThan(0.00005 * expected.length)
    expect(largestMargin).toBeLessThan(0.001)
  })
})

function compareLabels(logits: Float32Array, expected: Uint8Array) {
  const vox = expected.length
  let numDiffering = 0
  let largestMargin = 0
  for (let i = 0; i < vox; i++) {
    const scores = Array.from({ length: 4 }, (_, channel) => logits[channel * vox + i])
    const best = Math.max(...scores)
    if (scores.indexOf(best) === expected[i]) continue
    numDiffering++
    largestMargin = Math.max(largestMargin, best - scores[expected[i]])
  }
  return { numDiffering, largestMargin }
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}
