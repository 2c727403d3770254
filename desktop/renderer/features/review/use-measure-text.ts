import { useFacts } from '../../session/use-session.ts'
import type { Measurement } from '../../state/look-slice.ts'
import { angleDegrees, distanceNm, formatNm } from '../../state/physical.ts'

/** What a measurement says: nanometres to millimetres, degrees; voxels where nobody says how large those are. */
export function useMeasureText(): (measurement: Pick<Measurement, 'kind' | 'pointsXyz'>) => string {
  const volume = useFacts((state) => state.volume)
  const given = useFacts((state) => state.displaySpacing)
  return ({ kind, pointsXyz }) => {
    if (!volume) return ''
    const [from, middle, to] = pointsXyz
    if (kind === 'distance') {
      const nm = distanceNm(volume, given, from, middle)
      const voxels = Math.hypot(...from.map((one, axis) => middle[axis] - one))
      return nm === null ? `${voxels.toFixed(1)} voxels` : formatNm(nm)
    }
    const degrees = to ? angleDegrees(volume, given, from, middle, to) : null
    return degrees === null ? '' : `${degrees.toFixed(1)}°`
  }
}
