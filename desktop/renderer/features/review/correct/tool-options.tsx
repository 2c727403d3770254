import { useFacts, useSession } from '../../../session/use-session.ts'
import type { Tool } from '../../../state/mask-slice.ts'
import { Slider } from '../../../ui/slider.tsx'
import { ValueField } from '../value-field.tsx'

const HINTS: Readonly<Record<Tool, string>> = {
  look: 'Choose a tool to draw. I fills between slices, C shows the mask as it was.',
  brush: 'Drag in a slice. [ and ] change the size.',
  ball: 'Drag in a slice: a ball is drawn through its neighbours too.',
  eraser: 'Drag in a slice: labels that are not locked become background.',
  fill: 'Click: what is connected in the slice and has the same label gets the chosen one.',
  lasso: 'Drag around a region of the slice.',
  grow: 'Click: background around that voxel whose values lie in the range.',
  delete: 'Click on an object: all of it goes, in all slices.',
  merge: 'Click on an object: all of it gets the chosen label.',
}

/** What the chosen tool can be told, and one line on how it is used. */
export function ToolOptions({ tool, busy }: { tool: Tool; busy: string | null }) {
  const { masks } = useSession()
  const hasRange = useFacts((state) => state.growRange !== null)
  return (
    <section className="tool-options" aria-label="Tool options">
      {tool === 'brush' || tool === 'ball' || tool === 'eraser' ? <BrushSize /> : null}
      {tool === 'brush' || tool === 'ball' || tool === 'lasso' ? <PaintOver /> : null}
      {tool === 'grow' ? <GrowRange /> : null}
      {tool === 'grow' && !hasRange ? <p>Choose the range of values first; nothing grows before.</p> : null}
      {tool === 'look' || tool === 'brush' || tool === 'lasso' ? <BetweenSlices /> : null}
      {busy && busy !== 'brush' ? (
        <p>
          Working: {busy}…{' '}
          <button type="button" className="small" onClick={() => void masks.cancel()}>
            Stop
          </button>
        </p>
      ) : (
        <p className="faint">{HINTS[tool]}</p>
      )}
    </section>
  )
}

function BrushSize() {
  const size = useFacts((state) => state.brushSize)
  const setSize = useFacts((state) => state.brushSized)
  return (
    <Slider name="Size" label="Size of the brush" {...{ min: 1, max: 100, step: 1, value: size, onChange: setSize }}>
      <output>{size} voxels</output>
    </Slider>
  )
}

function PaintOver() {
  const over = useFacts((state) => state.paintOver)
  const choose = useFacts((state) => state.paintOverChosen)
  return (
    <label className="check">
      <input
        type="checkbox"
        checked={over === 'background'}
        onChange={(event) => choose(event.currentTarget.checked ? 'background' : 'any')}
      />{' '}
      Only over background
    </label>
  )
}

function GrowRange() {
  const range = useFacts((state) => state.growRange)
  const reach = useFacts((state) => state.growReach)
  const change = useFacts((state) => state.growChanged)
  const value = useFacts((state) => state.voxel?.value ?? null)
  const level = useFacts((state) => state.level)
  const window = useFacts((state) => state.window)
  const around = () => {
    if (value === null || !level) return
    // A tenth of the display window to both sides: what looks about as bright.
    const margin = ((level.high - level.low) * (window.high - window.low)) / 10
    change({ low: value - margin, high: value + margin }, reach)
  }
  const { low, high } = range ?? { low: level?.low ?? 0, high: level?.high ?? 0 }
  return (
    <>
      <div className="row">
        <ValueField label="From" value={low} onCommit={(next) => change({ low: next, high }, reach)} />
        <ValueField label="To" value={high} onCommit={(next) => change({ low, high: next }, reach)} />
        <ValueField
          label="Reach"
          value={reach}
          onCommit={(next) => change({ low, high }, Math.min(4096, Math.max(1, Math.round(next))))}
        />
      </div>
      <button type="button" className="small" disabled={value === null} onClick={around}>
        Values like at the crosshair
      </button>
    </>
  )
}

function BetweenSlices() {
  const { masks } = useSession()
  return (
    <div className="row between">
      <span className="field-name">Fill between slices</span>
      {(['z', 'y', 'x'] as const).map((axis) => (
        <button
          key={axis}
          type="button"
          className="small"
          title={`Between the nearest slices along ${axis} that hold the chosen label, at the crosshair`}
          onClick={() => masks.interpolate(axis)}
        >
          {{ z: 'XY', y: 'XZ', x: 'YZ' }[axis]}
        </button>
      ))}
    </div>
  )
}
