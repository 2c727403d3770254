import { maskOnShow } from '../../pictures/picture-facts.ts'
import type { OfferedSize, Scale } from '../../pictures/picture-size.ts'
import { useFacts } from '../../session/use-session.ts'
import { voxelNm } from '../../state/physical.ts'

/** Sizes by what they come to; a size that cannot be drawn says so. */
export function SizeField({
  sizes,
  scale,
  onChange,
}: {
  sizes: readonly OfferedSize[]
  scale: Scale
  onChange: (scale: Scale) => void
}) {
  const tooLarge = sizes.find(({ isPossible }) => !isPossible)
  return (
    <>
      <label>
        <span>Size</span>
        <select value={scale} onChange={(event) => onChange(Number(event.currentTarget.value) as Scale)}>
          {sizes.map(({ scale: one, width, height, isPossible }) => (
            <option key={one} value={one} disabled={!isPossible}>
              {one}× · {width} × {height} pixels{isPossible ? '' : ' · not possible'}
            </option>
          ))}
        </select>
      </label>
      {tooLarge ? (
        <p className="faint">
          From {tooLarge.scale}× on the picture is larger than this graphics card draws. A single pane may fit.
        </p>
      ) : null}
    </>
  )
}

interface Shown {
  hasScaleBar: boolean
  hasMask: boolean
  hasCrosshair: boolean
  hasMeasurements: boolean
}

/** What is drawn over the volume. */
export function ShownFields({ shown, onChange }: { shown: Shown; onChange: (change: Partial<Shown>) => void }) {
  const hasSize = useFacts(
    ({ volume, displaySpacing }) => volume !== null && voxelNm(volume, displaySpacing, 0) !== null,
  )
  const hasMask = useFacts((state) => maskOnShow(state) !== null)
  const hasMeasurements = useFacts((state) => state.measurements.length > 0)
  return (
    <fieldset className="setting picture-parts">
      <legend>With</legend>
      <Check
        name={hasSize ? 'Scale bar' : 'Scale bar (the voxel size is unknown)'}
        isChecked={shown.hasScaleBar && hasSize}
        isDisabled={!hasSize}
        onChange={(hasScaleBar) => onChange({ hasScaleBar })}
      />
      <Check
        name={hasMask ? 'Mask' : 'Mask (none is shown)'}
        isChecked={shown.hasMask && hasMask}
        isDisabled={!hasMask}
        onChange={(checked) => onChange({ hasMask: checked })}
      />
      <Check name="Crosshair" isChecked={shown.hasCrosshair} onChange={(hasCrosshair) => onChange({ hasCrosshair })} />
      {hasMeasurements ? (
        <Check
          name="Measurements"
          isChecked={shown.hasMeasurements}
          onChange={(checked) => onChange({ hasMeasurements: checked })}
        />
      ) : null}
    </fieldset>
  )
}

function Check(props: {
  name: string
  isChecked: boolean
  isDisabled?: boolean
  onChange: (isChecked: boolean) => void
}) {
  return (
    <label className="check">
      <input
        type="checkbox"
        checked={props.isChecked}
        disabled={props.isDisabled}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />{' '}
      {props.name}
    </label>
  )
}
