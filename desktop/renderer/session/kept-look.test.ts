import { expect, it } from 'vitest'
import type { MaskView } from '../../../shared/contract/mask-view.ts'
import { createDesktopStore } from '../state/store.ts'
import type { Display } from '../viewer/display-map.ts'
import { displayOf, keptCorrected, keptDisplay, restoreCorrected } from './kept-look.ts'

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

it('keeps nothing of labels while no mask is corrected', () => {
  expect(keptCorrected(createDesktopStore().getState())).toBeUndefined()
})
