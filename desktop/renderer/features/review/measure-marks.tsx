import { useFacts } from '../../session/use-session.ts'
import type { Measurement } from '../../state/look-slice.ts'
import { isMeasuredAt } from '../../state/measure-text.ts'
import { pointIn, type SlicePicture } from '../../viewer/slice-picture.ts'
import { useMeasureText } from './use-measure-text.ts'

/** Measurements over the slices that they were made in. */
export function MeasureMarks() {
  const slices = useFacts((state) => state.slices)
  const measurements = useFacts((state) => state.measurements)
  const draft = useFacts((state) => state.draft)
  const crosshair = useFacts((state) => state.crosshairXyz)
  const textOf = useMeasureText()
  const shown: readonly Measurement[] = draft ? [...measurements, { ...draft, id: 0 }] : measurements
  const inSlice = ({ acrossAxis }: SlicePicture) =>
    shown.filter((one) => one.acrossAxis === acrossAxis && isMeasuredAt(one, crosshair))
  return (
    <svg className="measure-marks" aria-hidden="true">
      {slices.map((slice) => (
        <svg key={slice.kind} aria-hidden="true" x={slice.left} y={slice.top} width={slice.width} height={slice.height}>
          {inSlice(slice).map((one) => (
            <Mark key={one.id} measurement={one} slice={slice} text={textOf(one)} />
          ))}
        </svg>
      ))}
    </svg>
  )
}

function Mark({ measurement, slice, text }: { measurement: Measurement; slice: SlicePicture; text: string }) {
  const points = measurement.pointsXyz.map((point) => {
    const { x, y } = pointIn(slice, point)
    return [x - slice.left, y - slice.top] as const
  })
  const [x, y] = points[measurement.kind === 'angle' ? 1 : points.length - 1]
  return (
    <g data-testid="measure-mark">
      <polyline points={points.map((point) => point.join(',')).join(' ')} />
      <text x={x + 8} y={y - 8}>
        {text}
      </text>
    </g>
  )
}
