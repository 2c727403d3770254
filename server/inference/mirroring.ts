import type { Zyx } from '../../shared/volume/zyx.ts'

/** Axes as indices: 0 = z, 1 = y, 2 = x. */
const AXIS_INDEX = { z: 0, y: 1, x: 2 } as const

/**
 * All combinations of flips over the given axes, the unflipped copy first, in nnU-Net's order
 * (single axes, then pairs, then all): 2^n entries.
 * @see nnunetv2/inference/predict_from_raw_data.py, _internal_maybe_mirror_and_predict
 */
export function flipCombinations(axes: readonly ('z' | 'y' | 'x')[]): (readonly [boolean, boolean, boolean])[] {
  const indices = [...new Set(axes.map((axis) => AXIS_INDEX[axis]))].sort((a, b) => a - b)
  const subsets = Array.from({ length: 2 ** indices.length }, (_, mask) =>
    indices.filter((_axis, bit) => mask & (1 << bit)),
  )
  subsets.sort((a, b) => a.length - b.length || compareLists(a, b))
  return subsets.map((subset) => [subset.includes(0), subset.includes(1), subset.includes(2)] as const)
}

function compareLists(a: number[], b: number[]): number {
  const at = a.findIndex((value, i) => value !== b[i])
  return at < 0 ? 0 : a[at] - b[at]
}

/**
 * Copies blocks of one patch each, reversed along the flipped axes.
 * @param from   any number of patches, z, y, x order each. Not changed.
 * @param into   as long as `from`; overwritten, or added to when `isAdding`.
 */
export function flipPatches(
  from: Float32Array,
  into: Float32Array,
  patchZyx: Zyx,
  flips: readonly [boolean, boolean, boolean],
  isAdding = false,
): void {
  const [pz, py, px] = patchZyx
  const numPatches = from.length / (pz * py * px)
  let at = 0
  for (let block = 0; block < numPatches; block++)
    for (let z = 0; z < pz; z++)
      for (let y = 0; y < py; y++) {
        const fz = flips[0] ? pz - 1 - z : z
        const fy = flips[1] ? py - 1 - y : y
        const row = ((block * pz + fz) * py + fy) * px
        at = copyRow(from, row, into, at, px, flips[2], isAdding)
      }
}

function copyRow(
  from: Float32Array,
  row: number,
  into: Float32Array,
  at: number,
  px: number,
  isFlipped: boolean,
  isAdding: boolean,
): number {
  const first = isFlipped ? row + px - 1 : row
  const stride = isFlipped ? -1 : 1
  if (isAdding) for (let x = 0; x < px; x++) into[at + x] += from[first + stride * x]
  else for (let x = 0; x < px; x++) into[at + x] = from[first + stride * x]
  return at + px
}
