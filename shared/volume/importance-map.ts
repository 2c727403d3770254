import { numVoxels, type Zyx } from './zyx.ts'

/** Largest weight of a tile: nnU-Net's value_scaling_factor. */
const PEAK = 10

/** Kernel is cut after this many sigmas: scipy.ndimage's default. */
const TRUNCATE_SIGMAS = 4

/** Voxels on each side of the centre that the kernel reaches: scipy.ndimage's rounding. */
function kernelRadius(sizeVox: number, sigmaScale: number): number {
  return Math.floor(TRUNCATE_SIGMAS * sizeVox * sigmaScale + 0.5)
}

/** Weights of one axis: a unit impulse at `size // 2` blurred with a Gaussian of `size · sigmaScale`. */
function blurredImpulse(sizeVox: number, sigmaScale: number): Float64Array {
  const sigma = sizeVox * sigmaScale
  const radius = kernelRadius(sizeVox, sigmaScale)
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp((-0.5 * (i - radius) ** 2) / sigma ** 2),
  )
  const sum = kernel.reduce((total, value) => total + value, 0)
  const centre = Math.floor(sizeVox / 2)
  return Float64Array.from({ length: sizeVox }, (_, i) => (kernel[i - centre + radius] ?? 0) / sum)
}

/**
 * Weight of every voxel of a tile in the blended result, z, y, x order, largest value 10.
 *
 * A unit impulse at the centre (`size // 2`) blurred by a Gaussian with sigma = size · `sigmaScale` (cut at 4 sigma),
 * scaled to a peak of 10; zeros are raised to the smallest non-zero weight, so that no voxel is lost.
 * @see nnunetv2/inference/sliding_window_prediction.py, compute_gaussian
 */
export function gaussianImportance(patchZyx: Zyx, sigmaScale: number): Float32Array {
  const [gz, gy, gx] = patchZyx.map((size) => blurredImpulse(size, sigmaScale))
  const scale = PEAK / (Math.max(...gz) * Math.max(...gy) * Math.max(...gx))
  const map = new Float32Array(numVoxels(patchZyx))
  for (let z = 0, at = 0; z < gz.length; z++)
    for (let y = 0; y < gy.length; y++) {
      const zy = gz[z] * gy[y]
      for (let x = 0; x < gx.length; x++) map[at++] = zy * gx[x] * scale
    }
  // Rounding keeps the order: the product of the smallest factors is the smallest weight.
  const hasZeros = Math.fround(Math.min(...gz) * Math.min(...gy) * Math.min(...gx) * scale) === 0
  return hasZeros ? raiseZeros(map) : map
}

/** Voxels [from, to) of a tile along z, y and x. */
export type TileBox = readonly [from: number, to: number][]

/**
 * The box of a tile in which `gaussianImportance` is a product of three 1-D weights. Outside of it, where a narrow kernel
 * does not reach, all weights are the smallest one.
 */
export function gaussianReach(patchZyx: Zyx, sigmaScale: number): TileBox {
  return patchZyx.map((size) => {
    const [centre, radius] = [Math.floor(size / 2), kernelRadius(size, sigmaScale)]
    return [Math.max(0, centre - radius), Math.min(size, centre + radius + 1)]
  })
}

function raiseZeros(map: Float32Array): Float32Array {
  let smallest = Number.POSITIVE_INFINITY
  for (let i = 0; i < map.length; i++) if (map[i] > 0 && map[i] < smallest) smallest = map[i]
  for (let i = 0; i < map.length; i++) if (map[i] === 0) map[i] = smallest
  return map
}

/** Weights of a tile when no Gaussian is asked for: all one. */
export function uniformImportance(patchZyx: Zyx): Float32Array {
  return new Float32Array(numVoxels(patchZyx)).fill(1)
}
