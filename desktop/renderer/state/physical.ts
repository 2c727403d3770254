import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import { type Affine, applyAffine } from '../../../shared/volume/affine.ts'
import type { LengthUnit } from '../../../shared/volume/header.ts'
import type { Xyz } from '../../../shared/volume/zyx.ts'

/** Nanometres in a unit. */
const NM: Readonly<Record<LengthUnit, number>> = { angstrom: 0.1, nm: 1, um: 1e3, mm: 1e6, m: 1e9 }

/** A voxel size that the user gives for looking, where the file has none. The file stays as it is. */
export interface DisplaySpacing {
  size: number
  unit: LengthUnit
}

type Placed = Pick<OpenedVolume, 'voxel_size_zyx' | 'unit' | 'affine'>

/**
 * World position of a place of the file in nanometres; null where neither file nor user says how large a voxel is.
 * What the user says is taken only there.
 */
export function worldNm(volume: Placed, given: DisplaySpacing | null, placeXyz: Xyz): [number, number, number] | null {
  if (volume.voxel_size_zyx && volume.unit) {
    const factor = NM[volume.unit]
    const world = applyAffine(volume.affine as unknown as Affine, placeXyz)
    return [world[0] * factor, world[1] * factor, world[2] * factor]
  }
  if (!given) return null
  const factor = given.size * NM[given.unit]
  return [placeXyz[0] * factor, placeXyz[1] * factor, placeXyz[2] * factor]
}

/** Nanometres that one voxel covers along an axis of the file; null where nobody says. */
export function voxelNm(volume: Placed, given: DisplaySpacing | null, fileAxis: 0 | 1 | 2): number | null {
  const step: [number, number, number] = [0, 0, 0]
  step[fileAxis] = 1
  return distanceNm(volume, given, [0, 0, 0], step)
}

/** Distance of two places of the file in nanometres; null where nobody says how large a voxel is. */
export function distanceNm(volume: Placed, given: DisplaySpacing | null, from: Xyz, to: Xyz): number | null {
  const [a, b] = [worldNm(volume, given, from), worldNm(volume, given, to)]
  return a && b && Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2])
}

/**
 * The angle at `corner` in degrees, in the world; without a voxel size as if voxels were cubes. Null where two of the
 * places are one.
 */
export function angleDegrees(
  volume: Placed,
  given: DisplaySpacing | null,
  from: Xyz,
  corner: Xyz,
  to: Xyz,
): number | null {
  const at = (place: Xyz) => worldNm(volume, given, place) ?? place
  const [a, c, b] = [at(from), at(corner), at(to)]
  const [u, v] = [a, b].map((end) => end.map((one, axis) => one - c[axis]))
  const lengths = Math.hypot(...u) * Math.hypot(...v)
  if (lengths === 0) return null
  const cosine = (u[0] * v[0] + u[1] * v[1] + u[2] * v[2]) / lengths
  return (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI
}

/** A length as people write it: nm, from a thousand µm, from a million mm. */
export function formatNm(nm: number, digits = 4): string {
  const size = Math.abs(nm)
  const [factor, unit] = size >= 1e6 ? [1e6, 'mm'] : size >= 1e3 ? [1e3, 'µm'] : [1, 'nm']
  return `${Number((nm / Number(factor)).toPrecision(digits))} ${unit}`
}

/** The longest bar of 1, 2 or 5 times a power of ten that is at most `mostPx` long. */
export function scaleBar(nmPerPx: number, mostPx: number): { lengthPx: number; text: string } | null {
  const most = nmPerPx * mostPx
  if (!Number.isFinite(most) || most <= 0) return null
  const power = 10 ** Math.floor(Math.log10(most))
  const lengthNm = power * ([5, 2, 1].find((factor) => factor * power <= most * (1 + 1e-9)) ?? 1)
  return { lengthPx: lengthNm / nmPerPx, text: formatNm(lengthNm) }
}
