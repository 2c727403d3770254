import { describe, expect, it } from 'vitest'
import { type Affine, diagonalAffine } from './affine.ts'
import type { LengthUnit, VolumeHeader } from './header.ts'
import { apartVox, placesApartVox, type StatedPlace, statedPlace } from './stated-place.ts'
import type { Zyx } from './zyx.ts'

const SHAPE: Zyx = [3, 5, 7]
const PLAIN = diagonalAffine([2, 3, 4], [-7, 8, 9])

/** Axis x runs the other way over the same voxels. */
const FLIPPED: Affine = [-2, 0, 0, 5, 0, 3, 0, 8, 0, 0, 4, 9, 0, 0, 0, 1]

function header(geometry: object, affine: Affine = PLAIN, unit: LengthUnit | null = 'mm'): VolumeHeader {
  return { geometry, affine, unit } as unknown as VolumeHeader
}

const nifti = (codes: [sform: number, qform: number], affine?: Affine) =>
  header({ format: 'nifti', sformCode: codes[0], qformCode: codes[1] }, affine)
const nrrd = (space: string | null, affine?: Affine, spaceDirections: number[][] | null = [[1]]) =>
  header({ format: 'nrrd', space, spaceDirections }, affine)
const apart = (a: VolumeHeader, b: VolumeHeader) =>
  placesApartVox(statedPlace(a) as StatedPlace, statedPlace(b) as StatedPlace, SHAPE)

describe('the place that a file states', () => {
  it('is that of sform or qform, of directions, of an origin, and else none', () => {
    expect(statedPlace(nifti([0, 1]))).toMatchObject({ frame: 'ras', affine: PLAIN })
    expect(statedPlace(nifti([2, 0]))).toMatchObject({ frame: 'ras' })
    expect(statedPlace(nifti([0, 0]))).toBeNull()
    expect(statedPlace(nrrd('scanner-xyz'))).toMatchObject({ frame: 'scanner-xyz' })
    expect(statedPlace(nrrd(null))).toMatchObject({ frame: 'unnamed' })
    expect(statedPlace(nrrd('RAS', PLAIN, null))).toBeNull()
    expect(statedPlace(header({ format: 'mrc' }))).toMatchObject({ frame: 'mrc' })
    expect(statedPlace(header({ format: 'mrc' }, diagonalAffine([2, 3, 4], [0, 0, 0])))).toBeNull()
  })

  it('is turned into right, anterior, superior where the space is anatomical', () => {
    const lps: Affine = [-2, 0, 0, 7, 0, -3, 0, -8, 0, 0, 4, 9, 0, 0, 0, 1]
    expect(apart(nrrd('left-posterior-superior', lps), nifti([1, 0]))).toBe(0)
    const las: Affine = [-2, 0, 0, 7, 0, 3, 0, 8, 0, 0, 4, 9, 0, 0, 0, 1]
    expect(apart(nrrd('LAS', las), nrrd('lps', lps))).toBe(0)
    expect(apart(nrrd('lps', PLAIN), nifti([1, 0]))).toBeGreaterThan(1)
  })

  it('is compared in one unit, and not between frames or units that are not known', () => {
    const micrometres = PLAIN.map((value, i) => (i < 12 ? value * 1000 : value)) as unknown as Affine
    const finer = { ...nifti([1, 0], micrometres), unit: 'um' as const }
    expect(apart(finer, nifti([1, 0]))).toBe(0)
    expect(apart({ ...finer, unit: null }, nifti([1, 0]))).toBeNull()
    expect(apart(nrrd('scanner-xyz', FLIPPED), nifti([1, 0]))).toBeNull()
  })
})

describe('voxels of two affines', () => {
  it('lie where they lie, rounded numbers apart', () => {
    const rounded = PLAIN.map((value) => Math.fround(value * 1.00001)) as unknown as Affine
    expect(apartVox(PLAIN, rounded, SHAPE)).toBe(0)
  })

  it.each<[string, Affine, Zyx]>([
    ['a flip', FLIPPED, SHAPE],
    ['a shift of a quarter voxel', diagonalAffine([2, 3, 4], [-6.5, 8, 9]), SHAPE],
    ['another size', diagonalAffine([2, 3, 4.1], [-7, 8, 9]), SHAPE],
  ])('are apart by %s', (_what, other, shape) => {
    expect(apartVox(PLAIN, other, shape)).toBeGreaterThan(0.05)
  })

  it('are apart by exchanged axes of a cube, whose first and last voxels agree', () => {
    const even = diagonalAffine([2, 2, 2], [0, 0, 0])
    const exchanged: Affine = [0, 2, 0, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]
    expect(apartVox(even, exchanged, [4, 4, 4])).toBeCloseTo(3 * Math.SQRT2, 9)
  })
})
