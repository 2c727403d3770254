import type { ModelSummary } from '../../../../shared/contract/models.ts'
import { useFacts } from '../../session/use-session.ts'

/** Axes that the volume is mirrored over, as far as the model allows; each doubles the time. */
export function MirrorChoice({ allowed }: { allowed: ModelSummary['mirror_axes_allowed'] }) {
  const chosen = useFacts((state) => state.choices.mirrorAxes)
  const change = useFacts((state) => state.choicesChanged)
  if (allowed.length === 0) return <p className="faint">This model is not to be mirrored.</p>
  return (
    <fieldset className="bare">
      <legend className="field-name">Mirror over, each doubles the time</legend>
      <div className="row">
        {allowed.map((axis) => (
          <label key={axis} className="check">
            <input
              type="checkbox"
              checked={chosen.includes(axis)}
              onChange={(event) =>
                change({
                  mirrorAxes: event.currentTarget.checked ? [...chosen, axis] : chosen.filter((one) => one !== axis),
                })
              }
            />
            {axis}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
