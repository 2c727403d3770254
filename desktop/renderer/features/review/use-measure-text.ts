import { useFacts } from '../../session/use-session.ts'
import type { Measurement } from '../../state/look-slice.ts'
import { measureText } from '../../state/measure-text.ts'

/** What a measurement of the open volume says. */
export function useMeasureText(): (measurement: Pick<Measurement, 'kind' | 'pointsXyz'>) => string {
  const volume = useFacts((state) => state.volume)
  const given = useFacts((state) => state.displaySpacing)
  return (measurement) => (volume ? measureText(volume, given, measurement) : '')
}
