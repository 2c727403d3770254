import { useFacts } from '../../session/use-session.ts'
import { scaleBar, voxelNm } from '../../state/physical.ts'

/** The bar takes at most this share of a slice, and so many pixels. */
const MOST_SHARE = 0.3
const MOST_PX = 180

/** A bar of a round length in each slice; none where nobody says how large a voxel is. */
export function ScaleBars() {
  const slices = useFacts((state) => state.slices)
  const volume = useFacts((state) => state.volume)
  const given = useFacts((state) => state.displaySpacing)
  if (!volume) return null
  return slices.map(({ kind, left, top, width, height, columns }) => {
    const nm = voxelNm(volume, given, columns.fileAxis)
    const bar = nm && scaleBar(nm / Math.abs(columns.pxPerVoxel), Math.min(MOST_PX, width * MOST_SHARE))
    if (!bar) return null
    return (
      <div key={kind} className="scale-bar" style={{ left: left + 12, top: top + height - 34 }}>
        <span>{bar.text}</span>
        <div style={{ width: bar.lengthPx }} data-testid={`scale-bar-${kind}`} />
      </div>
    )
  })
}
