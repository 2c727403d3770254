import { useFacts } from '../../session/use-session.ts'
import { Slider } from '../../ui/slider.tsx'
import type { ColormapName, Cut, Projection } from '../../viewer/display-map.ts'

const COLORMAPS: readonly [ColormapName, string][] = [
  ['gray', 'Gray'],
  ['viridis', 'Viridis'],
  ['inferno', 'Inferno'],
  ['magma', 'Magma'],
  ['plasma', 'Plasma'],
  ['turbo', 'Turbo'],
]
const PROJECTIONS: readonly [Projection, string][] = [
  ['densest', 'Densest'],
  ['maximum', 'Maximum'],
  ['minimum', 'Minimum'],
  ['volume', 'Volume'],
  ['planes', 'Planes'],
  ['nothing', 'Labels only'],
]
const CUTS: readonly [Cut['axis'] | '', string][] = [
  ['', 'Nothing'],
  ['x', 'Along x'],
  ['y', 'Along y'],
  ['z', 'Along z'],
]

/** Colours, inversion and gamma. */
export function ColorFields() {
  const { colormap, gamma, isInverted } = useFacts((state) => state.display)
  const change = useFacts((state) => state.displayChanged)
  return (
    <>
      <Choice name="Colours" value={colormap} choices={COLORMAPS} onChange={(next) => change({ colormap: next })} />
      <Slider name="Gamma" min={0.3} max={3} step={0.05} value={gamma} onChange={(next) => change({ gamma: next })}>
        <output>{gamma.toFixed(2)}</output>
      </Slider>
      <label className="check">
        <input
          type="checkbox"
          checked={isInverted}
          onChange={(event) => change({ isInverted: event.currentTarget.checked })}
        />{' '}
        Invert
      </label>
    </>
  )
}

/** What 3D shows, and what of it is cut away. */
export function SpaceFields() {
  const { projection, cut, hasSurfaces } = useFacts((state) => state.display)
  const change = useFacts((state) => state.displayChanged)
  return (
    <>
      <Choice name="In 3D" value={projection} choices={PROJECTIONS} onChange={(next) => change({ projection: next })} />
      <label className="check" title="Drawn over the picture in 3D; made anew after each correction">
        <input
          type="checkbox"
          checked={hasSurfaces}
          onChange={(event) => change({ hasSurfaces: event.currentTarget.checked })}
        />{' '}
        Surfaces of labels
      </label>
      {projection === 'planes' ? null : (
        <Choice
          name="Cut away"
          value={cut?.axis ?? ''}
          choices={CUTS}
          onChange={(axis) => change({ cut: axis ? { axis, share: cut?.share ?? 0.5 } : null })}
        />
      )}
      {cut && projection !== 'planes' ? (
        <Slider
          name="Keep up to"
          min={0}
          max={1}
          step={0.01}
          value={cut.share}
          onChange={(share) => change({ cut: { ...cut, share } })}
        />
      ) : null}
    </>
  )
}

interface ChoiceProps<T extends string> {
  name: string
  value: T
  choices: readonly (readonly [T, string])[]
  onChange: (value: T) => void
}

function Choice<T extends string>({ name, value, choices, onChange }: ChoiceProps<T>) {
  return (
    <label className="select-field">
      <span className="field-name">{name}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {choices.map(([choice, text]) => (
          <option key={choice} value={choice}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}
