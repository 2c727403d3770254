import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'

/** The bundled model that every provider is tried with. */
export const REFERENCE_MODEL = 'demo-cryoet-unet'

export const REFERENCE_SHAPE_ZYX: Zyx = [32, 48, 64]

/** A bright ball on noise, made with whole numbers only, so that it is the same on every computer. */
export function referenceTile(): Float32Array {
  const [depth, height, width] = REFERENCE_SHAPE_ZYX
  const tile = new Float32Array(numVoxels(REFERENCE_SHAPE_ZYX))
  let state = 1
  for (let z = 0, i = 0; z < depth; z++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) {
        // Numerical Recipes' linear congruential generator; its upper bits are random enough.
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        const isInBall = (z - 16) ** 2 + (y - 24) ** 2 + (x - 32) ** 2 < 100
        tile[i] = (state >>> 24) / 64 - 2 - (isInBall ? 2 : 0)
      }
  return tile
}

/** Voxels whose outputs are compared: spread over the tile and the ball, each in a plane, row and column of its own. */
export const NUM_SAMPLES = 16

/** Outputs of all channels at the sampled voxels. @param output [channel, z, y, x] of the reference tile */
export function sampleOutput(output: Float32Array, numChannels: number): number[] {
  const [depth, height, width] = REFERENCE_SHAPE_ZYX
  return Array.from({ length: NUM_SAMPLES * numChannels }, (_, k) => {
    const n = Math.floor(k / numChannels)
    const voxel = ((2 * n + 1) * height + ((7 * n + 11) % height)) * width + ((11 * n + 17) % width)
    return output[(k % numChannels) * depth * height * width + voxel]
  })
}

/** Largest difference between two lists of outputs; infinite where one is not finite or the lengths differ. */
export function largestDifference(found: readonly number[], expected: readonly number[]): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY
  const differences = found.map((value, k) => Math.abs(value - expected[k]))
  return differences.every(Number.isFinite) ? Math.max(...differences) : Number.POSITIVE_INFINITY
}

/** Outputs on the reference tile as onnxruntime-node 1.29.0 gives them on an x64 CPU. */
export const EXPECTED: readonly number[] = [
  3.9503, -0.0563, -4.08337, -8.71684, 3.88026, 0.01474, -4.20222, -8.9811, 4.21193, -0.9504, -3.13125, -9.0334,
  3.92535, 0.00991, -4.26317, -9.08074, 5.98568, -0.83004, -3.44774, -9.67888, 6.21562, -0.89022, -3.51065, -10.50946,
  4.76866, -0.22307, -3.99353, -8.71728, 4.99016, -3.17385, -0.82973, -9.53067, 1.30223, -2.56702, 0.86271, -4.28091,
  6.94566, 0.46007, -4.44325, -14.71857, 4.55264, 0.5363, -3.52762, -9.57416, 6.12613, -0.975, -3.41118, -9.66938,
  4.5934, -0.34854, -3.2184, -7.5124, 6.14167, -1.53342, -2.9109, -8.48911, 6.44616, -2.31087, -2.8349, -6.99389,
  4.0602, -0.65428, -3.18055, -8.74084,
]
