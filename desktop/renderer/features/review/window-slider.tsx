import { type KeyboardEvent, type PointerEvent, useRef } from 'react'
import { useFacts } from '../../session/use-session.ts'
import { movedBy, type WindowRange, withHigh, withLow } from '../../state/window-range.ts'
import { formatValue } from '../../ui/format.ts'
import { HistogramPlot } from './histogram-plot.tsx'

const STEP = 0.002
const STEPS_OF_PAGE = 25
/** Half the width of a handle: the plot ends where the middle of a handle does. */
const INSET_PX = 7

export interface WindowSliderProps {
  histogram: readonly number[]
  range: WindowRange
  /** The value of the file at a share of the level's range. */
  valueAt: (share: number) => number
}

/** The histogram with the window on it: either end can be dragged, and what lies between them moves both. */
export function WindowSlider({ histogram, range, valueAt }: WindowSliderProps) {
  const setWindow = useFacts((state) => state.windowChanged)
  // At the right end of the plot the black handle would lie under the white one.
  const isBlackOnTop = range.low > 0.5
  return (
    <div className="window-slider">
      <HistogramPlot histogram={histogram} range={range} />
      <WindowMiddle valueAt={valueAt} />
      <input
        type="range"
        aria-label="Black"
        aria-valuetext={formatValue(valueAt(range.low))}
        style={{ zIndex: isBlackOnTop ? 2 : 1 }}
        {...{ min: 0, max: 1, step: STEP, value: range.low }}
        onChange={(event) => setWindow(withLow(range, event.currentTarget.valueAsNumber))}
      />
      <input
        type="range"
        aria-label="White"
        aria-valuetext={formatValue(valueAt(range.high))}
        style={{ zIndex: isBlackOnTop ? 1 : 2 }}
        {...{ min: 0, max: 1, step: STEP, value: range.high }}
        onChange={(event) => setWindow(withHigh(range, event.currentTarget.valueAsNumber))}
      />
    </div>
  )
}

const KEY_STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -STEPS_OF_PAGE,
  PageUp: STEPS_OF_PAGE,
  Home: -1 / STEP,
  End: 1 / STEP,
}

/** Between the two ends: moves both. */
function WindowMiddle({ valueAt }: Pick<WindowSliderProps, 'valueAt'>) {
  const setWindow = useFacts((state) => state.windowChanged)
  const range = useFacts((state) => state.window)
  const drag = useRef<{ fromX: number; range: WindowRange } | null>(null)
  const middle = (range.low + range.high) / 2
  const moved = (event: PointerEvent<HTMLDivElement>) => {
    const plot = event.currentTarget.parentElement
    if (!drag.current || !plot) return
    const share = (event.clientX - drag.current.fromX) / (plot.clientWidth - 2 * INSET_PX)
    setWindow(movedBy(drag.current.range, share))
  }
  const keyed = (event: KeyboardEvent) => {
    const steps = KEY_STEPS[event.key]
    if (!steps) return
    event.preventDefault()
    setWindow(movedBy(range, steps * STEP))
  }
  const at = (share: number) => `calc(${INSET_PX}px + ${share} * (100% - ${2 * INSET_PX}px))`
  return (
    <div
      className="window-middle"
      role="slider"
      tabIndex={0}
      aria-label="Black and white together"
      aria-valuemin={0}
      aria-valuemax={1}
      aria-valuenow={middle}
      aria-valuetext={`${formatValue(valueAt(range.low))} to ${formatValue(valueAt(range.high))}`}
      title="Drag to move the window"
      style={{ left: at(range.low), right: at(1 - range.high) }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        drag.current = { fromX: event.clientX, range }
      }}
      onPointerMove={moved}
      onPointerUp={() => {
        drag.current = null
      }}
      onPointerCancel={() => {
        drag.current = null
      }}
      onKeyDown={keyed}
    />
  )
}
