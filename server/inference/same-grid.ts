import { DomainError } from '../../shared/errors/domain-error.ts'
import type { Affine } from '../../shared/volume/affine.ts'
import type { VolumeHeader } from '../../shared/volume/header.ts'
import { METRES } from '../../shared/volume/metres.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'

/** Voxel sizes and places may differ by this share of a voxel: headers hold rounded numbers. */
const TOLERANCE_VOX = 0.01

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
  const voxel = Math.min(...a.voxelSizeZyx)
  const corner = a.shapeZyx.map((size) => size - 1) as unknown as Zyx
  for (const point of [[0, 0, 0], corner] as const) {
    const distance = Math.hypot(...difference(worldOf(a.affine, point), worldOf(b.affine, point)))
    if (distance > TOLERANCE_VOX * voxel * Math.max(1, Math.hypot(...point) / 100))
      return `their voxels lie up to ${(distance / voxel).toPrecision(3)} voxels apart`
  }
  return null
}

/** Per axis the voxel sizes of both in one unit; null where one of them is not known. */
function sizesInUnitOf(a: Placed, b: Placed): [number, number][] | null {
  const { voxelSizeZyx: one, unit } = a
  const { voxelSizeZyx: other, unit: otherUnit } = b
  if (!one || !other) return null
  // Two files of one format that name no unit mean the same by their numbers.
  const isUnnamed = unit === null && otherUnit === null && a.format === b.format
  if (!isUnnamed && (unit === null || otherUnit === null)) return null
  const scale = unit && otherUnit ? METRES[otherUnit] / METRES[unit] : 1
  return one.map((size, axis) => [size, other[axis] * scale])
}

function sizeText({ voxelSizeZyx, unit }: Placed): string {
  return `${voxelSizeZyx?.map((size) => Number(size.toPrecision(4))).join(' × ')} ${unit ?? '(no unit)'}`
}

function worldOf(affine: Affine, [z, y, x]: Zyx): [number, number, number] {
  const row = (i: number) => affine[4 * i] * x + affine[4 * i + 1] * y + affine[4 * i + 2] * z + affine[4 * i + 3]
  return [row(0), row(1), row(2)]
}

function difference(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value - b[i])
}
