import { useFacts } from '../../session/use-session.ts'
import { numChanged } from '../../state/run-choices.ts'
import { OptionalNumber } from '../../ui/optional-number.tsx'
import { MirrorChoice } from './mirror-choice.tsx'
import { RegionChoice } from './region-choice.tsx'

/** Parameters of the next run: one that many want, the others folded away. */
export function ParameterForm() {
  const model = useFacts((state) => state.connection?.models.find(({ id }) => id === state.modelId))
  const choices = useFacts((state) => state.choices)
  const change = useFacts((state) => state.choicesChanged)
  const reset = useFacts((state) => state.choicesReset)
  if (!model) return null
  const changed = numChanged(choices, model)
  return (
    <>
      <label className="check">
        <input
          type="checkbox"
          checked={choices.isDraftWanted}
          onChange={(event) => change({ isDraftWanted: event.currentTarget.checked })}
        />
        Preview of the whole volume first
      </label>
      <details className="fold">
        <summary>Parameters{changed > 0 ? ` · ${changed} changed` : ''}</summary>
        <div className="pair">
          <OptionalNumber
            label="Step"
            value={choices.step}
            placeholder={`model: ${model.step}`}
            {...{ min: 0.05, max: 1 }}
            onCommit={(step) => change({ step })}
          />
          <OptionalNumber
            label="Threshold"
            value={choices.threshold}
            placeholder="of the model"
            {...{ min: 0, max: 1 }}
            onCommit={(threshold) => change({ threshold })}
          />
        </div>
        <OptionalNumber
          label="Smallest object, voxels"
          value={choices.smallestObjectVoxels}
          placeholder="of the model"
          {...{ min: 0, max: 1e12, isInteger: true }}
          onCommit={(smallestObjectVoxels) => change({ smallestObjectVoxels })}
        />
        <MirrorChoice allowed={model.mirror_axes_allowed} />
        <RegionChoice patchZyx={model.patch_zyx} />
        <label className="check">
          <input
            type="checkbox"
            checked={choices.isProbabilityKept}
            onChange={(event) => change({ isProbabilityKept: event.currentTarget.checked })}
          />
          Keep the probability, for thresholds afterwards
        </label>
        {/* Always there: a button that came with the first change would move the one that is being pressed. */}
        <button type="button" className="small" disabled={changed === 0} onClick={reset}>
          Back to the model's own
        </button>
      </details>
    </>
  )
}
