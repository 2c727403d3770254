import { numVoxels, type Zyx } from '../volume/zyx.ts'
import { surfelAreas } from './surface.ts'

/** Corners of voxels that are measured at most unless more is asked for: about 530 along each side, 0.9 GB. */
export const MOST_CORNERS = 144 * 1024 * 1024

/** Working memory per corner: two neighbourhood codes and a distance. */
export const BYTES_PER_CORNER = 6

/** Corners of a grid of voxels. */
export function numCorners([nz, ny, nx]: Zyx): number {
  return (nz + 1) * (ny + 1) * (nx + 1)
}

/** Ties between a distance and the tolerance are ties in spite of rounding: relative slack. */
const SLACK = 1e-6

/** Area of one surface at each distance from the other, ascending distance. */
export interface SurfaceProfile {
  distances: Float64Array
  /** Squared units of the spacing, one for each of `distances`. */
  areas: Float64Array
}

/** Both surfaces measured against each other; a profile is empty where its mask is, all distances infinite where the other is. */
export interface SurfaceDistances {
  firstToSecond: SurfaceProfile
  secondToFirst: SurfaceProfile
}

/**
 * Distances between the surfaces of two masks. Surface elements sit at the corners shared by eight voxels that are
 * neither all inside nor all outside, weigh as much as the marching-cubes surface there, and are as far from the other
 * surface as its nearest element. Beyond the grid is background.
 *
 * @param first, second non-zero is inside; z, y, x order. Not changed.
 * @param shapeZyx   shape of both; crop to the box around both masks first, nothing changes by it
 * @param spacingZyx distance between voxel centres; distances come in its unit
 * @param mostCorners corners that are measured at most; `BYTES_PER_CORNER` each
 * @throws RangeError for arrays of another size, a spacing not above 0, more than `mostCorners` corners
 * @see Nikolov et al. 2018, arXiv:1809.04430; google-deepmind/surface-distance, compute_surface_distances
 */
export function surfaceDistances(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  shapeZyx: Zyx,
  spacingZyx: Zyx,
  mostCorners = MOST_CORNERS,
): SurfaceDistances {
  if (first.length !== numVoxels(shapeZyx) || second.length !== first.length)
    throw new RangeError(`masks of ${first.length} and ${second.length} voxels, not ${shapeZyx.join(' × ')}`)
  if (!spacingZyx.every((size) => Number.isFinite(size) && size > 0))
    throw new RangeError(`a spacing of ${spacingZyx.join(' × ')}`)
  const corners: Zyx = [shapeZyx[0] + 1, shapeZyx[1] + 1, shapeZyx[2] + 1]
  if (numCorners(shapeZyx) > mostCorners)
    throw new RangeError(`${shapeZyx.join(' × ')} voxels have more than ${mostCorners} corners`)
  const codes = [cornerCodes(first, shapeZyx), cornerCodes(second, shapeZyx)]
  // In units of the smallest voxel axis squared distances are whole, and exact in 32 bits, for isotropic voxels.
  const unit = Math.min(...spacingZyx)
  const squared = new Float32Array(numVoxels(corners))
  const scaled: Zyx = [spacingZyx[0] / unit, spacingZyx[1] / unit, spacingZyx[2] / unit]
  const areaOf = surfelAreas(spacingZyx)
  const profile = (from: Uint8Array, to: Uint8Array) => {
    for (let i = 0; i < to.length; i++) squared[i] = isSurface(to[i]) ? 0 : Number.POSITIVE_INFINITY
    squaredDistances(squared, corners, scaled)
    return profileOf(from, squared, areaOf, unit)
  }
  return { firstToSecond: profile(codes[0], codes[1]), secondToFirst: profile(codes[1], codes[0]) }
}

/**
 * Robust Hausdorff distance: the larger, over both directions, of the smallest distance within which `fraction` of the
 * surface's area lies; HD95 by default. Null where a mask is empty: there is no distance then (the reference: infinity).
 * @see google-deepmind/surface-distance, compute_robust_hausdorff
 */
export function robustHausdorff(distances: SurfaceDistances, fraction = 0.95): number | null {
  const { firstToSecond, secondToFirst } = distances
  if (firstToSecond.distances.length === 0 || secondToFirst.distances.length === 0) return null
  return Math.max(percentile(firstToSecond, fraction), percentile(secondToFirst, fraction))
}

/**
 * Share of both surfaces' area within `tolerance` of the other surface. 0 where one mask is empty, null where both are.
 * @param tolerance unit of the spacing; a distance equal to it counts, up to rounding
 * @see google-deepmind/surface-distance, compute_surface_dice_at_tolerance
 */
export function surfaceDice(distances: SurfaceDistances, tolerance: number): number | null {
  let within = 0
  let total = 0
  for (const { distances: found, areas } of [distances.firstToSecond, distances.secondToFirst])
    for (let i = 0; i < found.length; i++) {
      total += areas[i]
      if (found[i] <= tolerance * (1 + SLACK)) within += areas[i]
    }
  return total === 0 ? null : within / total
}

/**
 * Replaces each value f(q) by min over p of f(p) + |p - q|² in physical units, in place: with 0 at the surface and
 * infinity elsewhere, the exact squared Euclidean distance to the surface.
 * @see Felzenszwalb and Huttenlocher 2012, Distance Transforms of Sampled Functions
 */
export function squaredDistances(values: Float32Array, shapeZyx: Zyx, spacingZyx: Zyx): void {
  const strides = [shapeZyx[1] * shapeZyx[2], shapeZyx[2], 1]
  for (const axis of [2, 1, 0]) {
    const [outer, inner] = [0, 1, 2].filter((other) => other !== axis)
    const envelope = new LowerEnvelope(shapeZyx[axis], spacingZyx[axis])
    for (let i = 0; i < shapeZyx[outer]; i++)
      for (let j = 0; j < shapeZyx[inner]; j++)
        envelope.transform(values, i * strides[outer] + j * strides[inner], strides[axis])
  }
}

/** The lower envelope of the parabolas of one line; its buffers serve all lines of an axis. */
class LowerEnvelope {
  private readonly line: Float64Array
  /** Indices of the parabolas in the envelope, and where each begins to be the lowest. */
  private readonly apex: Int32Array
  private readonly begins: Float64Array
  private readonly weight: number

  constructor(length: number, spacing: number) {
    this.line = new Float64Array(length)
    this.apex = new Int32Array(length)
    this.begins = new Float64Array(length + 1)
    this.weight = spacing * spacing
  }

  transform(values: Float32Array, start: number, stride: number): void {
    const { line, apex, begins, weight } = this
    const length = line.length
    for (let i = 0; i < length; i++) line[i] = values[start + i * stride]
    let last = -1
    for (let q = 0; q < length; q++) {
      if (line[q] === Number.POSITIVE_INFINITY) continue
      let from = Number.NEGATIVE_INFINITY
      while (last >= 0) {
        const p = apex[last]
        from = ((line[q] - line[p]) / weight + q * q - p * p) / (2 * (q - p))
        if (from > begins[last]) break
        last--
      }
      if (last < 0) from = Number.NEGATIVE_INFINITY
      apex[++last] = q
      begins[last] = from
    }
    if (last < 0) return
    begins[last + 1] = Number.POSITIVE_INFINITY
    for (let q = 0, at = 0; q < length; q++) {
      while (begins[at + 1] < q) at++
      values[start + q * stride] = line[apex[at]] + (q - apex[at]) ** 2 * weight
    }
  }
}

/** Neighbourhood code (`surfelAreas`) at each corner; corner (z, y, x) has the voxels from (z-1, y-1, x-1) to (z, y, x). */
function cornerCodes(mask: ArrayLike<number>, [nz, ny, nx]: Zyx): Uint8Array {
  const codes = new Uint8Array((nz + 1) * (ny + 1) * (nx + 1))
  const width = nx + 1
  const plane = (ny + 1) * width
  for (let z = 0, i = 0; z < nz; z++)
    for (let y = 0; y < ny; y++)
      for (let x = 0; x < nx; x++, i++) {
        if (mask[i] === 0) continue
        const at = z * plane + y * width + x
        codes[at] |= 128
        codes[at + 1] |= 64
        codes[at + width] |= 32
        codes[at + width + 1] |= 16
        codes[at + plane] |= 8
        codes[at + plane + 1] |= 4
        codes[at + plane + width] |= 2
        codes[at + plane + width + 1] |= 1
      }
  return codes
}

function isSurface(code: number): boolean {
  return code !== 0 && code !== 255
}

function profileOf(codes: Uint8Array, squared: Float32Array, areaOf: Float64Array, unit: number): SurfaceProfile {
  const sums = new Map<number, number>()
  for (let i = 0; i < codes.length; i++)
    if (isSurface(codes[i])) sums.set(squared[i], (sums.get(squared[i]) ?? 0) + areaOf[codes[i]])
  const sorted = Float64Array.from(sums.keys()).sort()
  return {
    distances: sorted.map((value) => Math.sqrt(value) * unit),
    areas: sorted.map((value) => sums.get(value) ?? 0),
  }
}

function percentile({ distances, areas }: SurfaceProfile, fraction: number): number {
  const enough = areas.reduce((sum, area) => sum + area, 0) * fraction * (1 - 1e-12)
  let sum = 0
  for (let i = 0; i < areas.length; i++) {
    sum += areas[i]
    if (sum >= enough) return distances[i]
  }
  return distances[distances.length - 1]
}
