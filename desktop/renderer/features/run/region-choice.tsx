import type { ModelSummary } from '../../../../shared/contract/models.ts'
import { useFacts } from '../../session/use-session.ts'
import { roiAround, roiShare, roiWithEnd } from '../../state/region.ts'
import { formatShare } from '../../ui/format.ts'
import { OptionalNumber } from '../../ui/optional-number.tsx'

/** A part of the volume instead of all of it, drawn in a slice or around the crosshair. Voxels; the last is not part of it. */
export function RegionChoice({ patchZyx }: { patchZyx: ModelSummary['patch_zyx'] }) {
  const roi = useFacts((state) => state.choices.roiZyx)
  const change = useFacts((state) => state.choicesChanged)
  const shape = useFacts((state) => state.volume?.shape_zyx ?? null)
  const crosshair = useFacts((state) => state.crosshairXyz)
  const isDrawing = useFacts((state) => state.isDrawingRegion)
  const draw = useFacts((state) => state.regionDrawingChanged)
  if (!shape) return null
  const middle = [shape[2] >> 1, shape[1] >> 1, shape[0] >> 1] as const
  const around = () => change({ roiZyx: roiAround(crosshair ?? middle, shape, patchZyx) })
  return (
    <fieldset className="bare">
      <legend className="field-name">Region</legend>
      {roi
        ? ([2, 1, 0] as const).map((axis) => (
            <div key={axis} className="pair">
              {([0, 1] as const).map((end) => (
                <OptionalNumber
                  key={end}
                  label={`${'zyx'[axis]} ${end === 0 ? 'from' : 'to'}`}
                  value={roi[axis][end]}
                  {...{ min: end, max: shape[axis] - 1 + end, isInteger: true }}
                  onCommit={(value) =>
                    value !== null && change({ roiZyx: roiWithEnd(roi, { axis, end, value }, shape) })
                  }
                />
              ))}
            </div>
          ))
        : null}
      {roi ? (
        <p className="faint" data-testid="region-size">
          {roi
            .map(([from, to]) => to - from)
            .reverse()
            .join(' × ')}{' '}
          voxels, {formatShare(roiShare(roi, shape))} of the volume.
        </p>
      ) : null}
      <div className="row">
        <button type="button" className="small" aria-pressed={isDrawing} onClick={() => draw(!isDrawing)}>
          {roi ? 'Draw again' : 'Draw in a slice'}
        </button>
        <button type="button" className="small" onClick={around}>
          {roi ? 'Around crosshair' : 'Only around the crosshair'}
        </button>
        {roi ? (
          <button type="button" className="small" onClick={() => change({ roiZyx: null })}>
            Whole volume
          </button>
        ) : null}
      </div>
      {isDrawing ? <p className="faint">Drag a rectangle in a slice. In another slice it can be resized.</p> : null}
    </fieldset>
  )
}
