import type { WindowRange } from '../../state/window-range.ts'

const HEIGHT = 48

/** How often each value occurs, by its logarithm, with the display window marked. */
export function HistogramPlot({ histogram, range }: { histogram: readonly number[]; range: WindowRange }) {
  const most = Math.log1p(Math.max(...histogram))
  const heights = histogram.map((count) => (most > 0 ? (Math.log1p(count) / most) * HEIGHT : 0))
  const area = heights.map((height, code) => `L${code} ${(HEIGHT - height).toFixed(1)}`).join('')
  return (
    <svg className="histogram" viewBox={`0 0 255 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <rect x={range.low * 255} y={0} width={(range.high - range.low) * 255} height={HEIGHT} />
      <path d={`M0 ${HEIGHT}${area}L255 ${HEIGHT}Z`} />
    </svg>
  )
}
