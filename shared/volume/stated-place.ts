import { type Affine, applyAffine } from './affine.ts'
import { worldSigns } from './display-orientation.ts'
import type { LengthUnit, VolumeHeader } from './header.ts'
import { inUnit } from './length-units.ts'
import type { Xyz, Zyx } from './zyx.ts'

/** Places may differ by this share of a voxel: headers hold rounded numbers. */
const TOLERANCE_VOX = 0.01

/** Where a file says that its voxels are, and in which frame; places in two frames cannot be compared. */
export interface StatedPlace {
  frame: string
  /** Voxel index (x, y, z) → world, in `unit`. */
  affine: Affine
  unit: LengthUnit | null
}

/**
 * The place and orientation that a file states itself; null where it leaves them to its reader: a NIfTI without sform and
 * qform, an NRRD without directions, an MRC without origin.
 */
export function statedPlace({ geometry, affine, unit }: VolumeHeader): StatedPlace | null {
  switch (geometry.format) {
    case 'nifti':
      return geometry.sformCode > 0 || geometry.qformCode > 0 ? { frame: 'ras', affine, unit } : null
    case 'nrrd': {
      if (!geometry.spaceDirections) return null
      const signs = worldSigns(geometry)
      if (signs) return { frame: 'ras', affine: turned(affine, signs), unit }
      return { frame: geometry.space?.toLowerCase() ?? 'unnamed', affine, unit }
    }
    case 'mrc':
      return [affine[3], affine[7], affine[11]].some((value) => value !== 0) ? { frame: 'mrc', affine, unit } : null
  }
}

function turned(affine: Affine, signs: Xyz): Affine {
  return affine.map((value, i) => (i < 12 ? value * signs[Math.floor(i / 4)] : value)) as unknown as Affine
}

/** Voxels that two stated places lie apart; null where they cannot be compared. */
export function placesApartVox(a: StatedPlace, b: StatedPlace, shapeZyx: Zyx): number | null {
  if (a.frame !== b.frame) return null
  if (a.unit !== b.unit && (a.unit === null || b.unit === null)) return null
  const [unit, otherUnit] = [a.unit, b.unit]
  const inFirst = (value: number) => (unit && otherUnit ? inUnit(value, otherUnit, unit) : value)
  const other = b.affine.map((value, i) => (i < 12 ? inFirst(value) : value)) as unknown as Affine
  return apartVox(a.affine, other, shapeZyx)
}

/**
 * How far apart two affines put the voxels of a grid, in voxels of the first along its shortest side: the largest distance
 * of the first voxel and of the last along each axis, 0 where it is no more than rounded numbers make.
 */
export function apartVox(a: Affine, b: Affine, [nz, ny, nx]: Zyx): number {
  const columns = [0, 1, 2].map((axis) => Math.hypot(a[axis], a[axis + 4], a[axis + 8]))
  const voxel = Math.min(...columns)
  let most = 0
  const ends: Xyz[] = [
    [0, 0, 0],
    [nx - 1, 0, 0],
    [0, ny - 1, 0],
    [0, 0, nz - 1],
    [nx - 1, ny - 1, nz - 1],
  ]
  for (const point of ends) {
    const [one, other] = [applyAffine(a, point), applyAffine(b, point)]
    const distance = Math.hypot(...one.map((value, i) => value - other[i])) / voxel
    if (distance > TOLERANCE_VOX * Math.max(1, Math.hypot(...point) / 100)) most = Math.max(most, distance)
  }
  return most
}
