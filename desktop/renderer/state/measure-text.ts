import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import type { Xyz } from '../../../shared/volume/zyx.ts'
import type { Measurement } from './look-slice.ts'
import { angleDegrees, type DisplaySpacing, distanceNm, formatNm } from './physical.ts'

/** What a measurement says: nanometres to millimetres, degrees; voxels where nobody says how large those are. */
export function measureText(
  volume: OpenedVolume,
  given: DisplaySpacing | null,
  { kind, pointsXyz }: Pick<Measurement, 'kind' | 'pointsXyz'>,
): string {
  const [from, middle, to] = pointsXyz
  if (kind === 'distance') {
    const nm = distanceNm(volume, given, from, middle)
    const voxels = Math.hypot(...from.map((one, axis) => middle[axis] - one))
    return nm === null ? `${voxels.toFixed(1)} voxels` : formatNm(nm)
  }
  const degrees = to ? angleDegrees(volume, given, from, middle, to) : null
  return degrees === null ? '' : `${degrees.toFixed(1)}°`
}

/** True where the place is in the plane that was measured in. */
export function isMeasuredAt({ acrossAxis, pointsXyz }: Measurement, placeXyz: Xyz | null): boolean {
  return placeXyz !== null && Math.round(pointsXyz[0][acrossAxis]) === placeXyz[acrossAxis]
}
