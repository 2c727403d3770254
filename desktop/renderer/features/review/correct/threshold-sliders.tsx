import { useFacts, useSession } from '../../../session/use-session.ts'
import { formatCount } from '../../../ui/format.ts'
import { Slider } from '../../../ui/slider.tsx'

// Sizes on a scale that doubles: 0, 2, 4 … about a million voxels.
const MOST_DOUBLINGS = 20

/** Threshold and smallest object on the probability that the run delivered: tried at once, made when applied. */
export function ThresholdSliders() {
  const { masks } = useSession()
  const threshold = useFacts((state) => state.threshold)
  const move = useFacts((state) => state.thresholdMoved)
  const isBusy = useFacts((state) => state.mask?.busy === 'threshold')
  if (!threshold)
    return (
      <button type="button" className="wide" onClick={() => void masks.beginThreshold()}>
        Threshold of the probability…
      </button>
    )
  const { value, smallest } = threshold
  return (
    <fieldset className="threshold" disabled={isBusy}>
      <legend>Threshold</legend>
      <Slider
        name="Probability"
        {...{ min: 0.01, max: 0.99, step: 0.01, value }}
        onChange={(next) => move({ value: next, smallest })}
      >
        <output>{value.toFixed(2)}</output>
      </Slider>
      <Slider
        name="Smallest object"
        {...{ min: 0, max: MOST_DOUBLINGS, step: 0.5, value: smallest === 0 ? 0 : Math.log2(smallest) }}
        onChange={(doublings) => move({ value, smallest: doublings === 0 ? 0 : Math.round(2 ** doublings) })}
      >
        <output>{smallest === 0 ? 'all' : formatCount(smallest)}</output>
      </Slider>
      <p className="faint">
        Objects are measured on the level of the picture. Applied at full resolution; locked labels stay as they are.
      </p>
      <div className="row">
        <button type="button" className="primary" onClick={() => void masks.applyThreshold()}>
          {isBusy ? 'Applying…' : 'Apply'}
        </button>
        <button type="button" onClick={() => move(null)}>
          Leave it
        </button>
      </div>
    </fieldset>
  )
}
