import type { LengthUnit } from './header.ts'

/** Units that measures are given in, and how many of them a cubed or squared unit of the file has. */
export const MEASURE_UNITS: Readonly<
  Record<LengthUnit, { name: Exclude<LengthUnit, 'angstrom'>; cubed: number; squared: number }>
> = {
  angstrom: { name: 'nm', cubed: 1e-3, squared: 1e-2 },
  nm: { name: 'nm', cubed: 1, squared: 1 },
  um: { name: 'um', cubed: 1, squared: 1 },
  mm: { name: 'mm', cubed: 1, squared: 1 },
  m: { name: 'm', cubed: 1, squared: 1 },
}

/** Volume of voxels, in the cube of `unit`: nm for files in ångström. Null where the voxel size or its unit is unknown. */
export function physicalVolume(
  numVoxels: number,
  voxelSizeZyx: readonly [number, number, number] | null,
  unit: LengthUnit | null,
): { value: number; unit: Exclude<LengthUnit, 'angstrom'> } | null {
  if (voxelSizeZyx === null || unit === null) return null
  const { name, cubed } = MEASURE_UNITS[unit]
  return { value: numVoxels * voxelSizeZyx[0] * voxelSizeZyx[1] * voxelSizeZyx[2] * cubed, unit: name }
}
