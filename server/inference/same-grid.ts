import { DomainError } from '../../shared/errors/domain-error.ts'
import type { Affine } from '../../shared/volume/affine.ts'
import type { VolumeHeader } from '../../shared/volume/header.ts'
import { inUnit } from '../../shared/volume/length-units.ts'
import { apartVox } from '../../shared/volume/stated-place.ts'

/** Sizes of voxels may differ by this share: programs round what they convert from one unit to another. */
const SIZE_TOLERANCE = 0.01

/** A header; without an affine places are not compared. */
type Placed = Pick<VolumeHeader, 'format' | 'shapeZyx' | 'voxelSizeZyx' | 'unit'> & { affine?: Affine }

interface Named {
  name: string
  header: Placed
}

/**
 * Checks that volumes lie on one grid: the same shape, the same voxel size where both tell it, and the same place where
 * both tell it in the same format.
 * @throws {DomainError} `volumes_not_on_one_grid`
 */
export function checkSameGrid(volumes: readonly Named[]): void {
  const [first, ...others] = volumes
  for (const other of others) {
    const reason = differenceOf(first.header, other.header)
    if (reason) throw new DomainError('volumes_not_on_one_grid', { first: first.name, other: other.name, reason })
  }
}

function differenceOf(a: Placed, b: Placed): string | null {
  if (a.shapeZyx.join() !== b.shapeZyx.join())
    return `their shapes are ${a.shapeZyx.join(' × ')} and ${b.shapeZyx.join(' × ')} voxels`
  const sizes = sizesInUnitOf(a, b)
  if (sizes?.some(([one, other]) => Math.abs(one / other - 1) > SIZE_TOLERANCE))
    return `their voxels are ${sizeText(a)} and ${sizeText(b)} (z, y, x)`
  const isComparable = a.format === b.format && a.voxelSizeZyx && b.voxelSizeZyx && a.unit === b.unit
  if (!isComparable || !a.voxelSizeZyx || !a.affine || !b.affine) return null
  const apart = apartVox(a.affine, b.affine, a.shapeZyx)
  return apart === 0 ? null : `their voxels lie up to ${apart.toPrecision(3)} voxels apart`
}

/** Per axis the voxel sizes of both in one unit; null where one of them is not known. */
function sizesInUnitOf(a: Placed, b: Placed): [number, number][] | null {
  const { voxelSizeZyx: one, unit } = a
  const { voxelSizeZyx: other, unit: otherUnit } = b
  if (!one || !other) return null
  // Two files of one format that name no unit mean the same by their numbers.
  const isUnnamed = unit === null && otherUnit === null && a.format === b.format
  if (!isUnnamed && (unit === null || otherUnit === null)) return null
  return one.map((size, axis) => [size, unit && otherUnit ? inUnit(other[axis], otherUnit, unit) : other[axis]])
}

function sizeText({ voxelSizeZyx, unit }: Placed): string {
  return `${voxelSizeZyx?.map((size) => Number(size.toPrecision(4))).join(' × ')} ${unit ?? '(no unit)'}`
}
