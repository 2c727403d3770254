import { Value } from 'typebox/value'
import { expect, it } from 'vitest'
import type { MaskView } from '../../../shared/contract/mask-view.ts'
import { ViewState } from '../../../shared/contract/preferences.ts'
import { createDesktopStore } from '../state/store.ts'
import type { Display } from '../viewer/display-map.ts'
import {
  displayOf,
  keptCorrected,
  keptDisplay,
  keptMeasurements,
  restoreCorrected,
  restoreMeasurements,
} from './kept-look.ts'

const maskOf = (origin_name: string) =>
  ({
    mask_ref: origin_name,
    origin: 'file',
    origin_name,
    labels: [{ value: 1 }, { value: 2 }, { value: 3 }],
  }) as MaskView

it('brings back how values become colours', () => {
  const display: Display = {
    colormap: 'inferno',
    gamma: 0.7,
    isInverted: true,
    projection: 'volume',
    cut: { axis: 'y', share: 0.25 },
    smoothingVox: 1.5,
    hasSurfaces: true,
  }
  const kept = keptDisplay(display)
  expect(kept && displayOf(kept)).toEqual(display)
})

it('brings back which labels of a corrected mask are hidden and how strongly they cover, and nothing of another', () => {
  const store = createDesktopStore()
  store.getState().maskChanged(maskOf('a.mrc'))
  store.getState().labelToggled(2)
  store.getState().labelOpacityChanged(3, 0.4)
  const kept = keptCorrected(store.getState())

  const other = createDesktopStore()
  other.getState().maskChanged(maskOf('b.mrc'))
  restoreCorrected(kept, other.getState)
  expect(other.getState().hiddenLabels).toEqual([])

  const again = createDesktopStore()
  again.getState().labelToggled(1)
  again.getState().maskChanged(maskOf('a.mrc'))
  restoreCorrected(kept, again.getState)
  expect(again.getState().hiddenLabels).toEqual([2])
  expect(again.getState().labelOpacities).toEqual({ 3: 0.4 })
})

it('brings back what was measured, before what was measured since', () => {
  const store = createDesktopStore()
  const { measureToolChosen, pointPlaced } = store.getState()
  const place = (...points: [number, number, number][]) => {
    for (const point of points) pointPlaced(point, 2)
  }
  measureToolChosen('distance')
  place([1.5, 2, 3], [4, 5.25, 3])
  measureToolChosen('angle')
  place([0, 0, 3], [4, 0, 3], [4, 8, 3])
  const kept = keptMeasurements(store.getState())
  expect(Value.Check(ViewState.properties.measurements, kept)).toBe(true)

  const again = createDesktopStore()
  restoreMeasurements(kept, again.getState)
  expect(again.getState().measurements).toEqual(store.getState().measurements)
  restoreMeasurements(kept?.slice(1), again.getState)
  expect(again.getState().measurements.map(({ id, kind }) => [id, kind])).toEqual([
    [1, 'angle'],
    [2, 'distance'],
    [3, 'angle'],
  ])
})

it('keeps no more measurements than the contract takes, the newest', () => {
  const measurements = Array.from({ length: 300 }, (_, i) => ({
    ...{ id: i, kind: 'distance' as const, acrossAxis: 0 as const },
    pointsXyz: [[0, 0, 0] as const, [i, 1, 1] as const],
  }))
  const kept = keptMeasurements({ measurements })
  expect(Value.Check(ViewState.properties.measurements, kept)).toBe(true)
  expect(kept?.at(-1)?.points_xyz[1][0]).toBe(299)
})

it('keeps nothing of labels while no mask is corrected', () => {
  expect(keptCorrected(createDesktopStore().getState())).toBeUndefined()
})
