import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import type { MaskRequest, MaskView } from '../../../shared/contract/mask-view.ts'
import type { LabelPlaneMessage, VolumeRequest } from '../../../shared/contract/volume-port.ts'
import { AS_STORED } from '../../../shared/volume/display-orientation.ts'
import { createDesktopStore } from '../state/store.ts'
import type { VolumeView } from '../viewer/volume-view.ts'
import { LabelPlaneRequests } from './label-plane-requests.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function ground(bin: number) {
  const store = createDesktopStore()
  const asked: (VolumeRequest | MaskRequest)[] = []
  const labels = { showPlane: vi.fn(() => true), hidePlanes: vi.fn() }
  const requests = new LabelPlaneRequests({
    store,
    view: () => ({ labels }) as unknown as VolumeView,
    askVolume: (request) => asked.push(request),
    askMask: (request) => asked.push(request),
  })
  const state = store.getState()
  state.volumeOpened({ volume_ref: 'v', shape_zyx: [30, 50, 70] } as unknown as OpenedVolume)
  const level = { bin, low: 0, high: 1, histogram: [1], is_sampled: false, orientation: AS_STORED }
  state.levelShown(level)
  const pane = { left: 0, top: 0, width: 1, height: 1 }
  state.panesChanged('all', [
    { kind: 'xy', ...pane },
    { kind: '3d', ...pane },
  ])
  state.crosshairMoved([10, 20, 5])
  const settle = () => {
    vi.advanceTimersByTime(500)
    return asked.splice(0)
  }
  return { store, labels, requests, settle }
}

const answer = (request_index: number, run_ref = 'r'): LabelPlaneMessage => ({
  ...{ type: 'label_plane', volume_ref: 'v', run_ref, request_index, axis: 'z', index: 5, shape: [50, 70] },
  voxels: new Uint8Array(3500),
})

it('asks for the finished labels of the slices once the crosshair rests, and not again while they are there', () => {
  const { store, labels, requests, settle } = ground(2)
  expect(settle()).toEqual([])
  store.getState().labelsShown({ run_ref: 'r', stage: 'final' })
  const [request, ...others] = settle()
  expect(request).toMatchObject({ type: 'label_plane', axis: 'z', index: 5 })
  expect(others).toEqual([])
  requests.runPlaneCame(answer((request as { request_index: number }).request_index))
  expect(labels.showPlane).toHaveBeenCalledOnce()
  store.getState().crosshairMoved([11, 20, 5])
  expect(settle()).toEqual([])
  store.getState().crosshairMoved([11, 20, 6])
  expect(settle()).toMatchObject([{ axis: 'z', index: 6 }])
})

it('does not show what is no longer asked for, nor labels of another run', () => {
  const { store, labels, requests, settle } = ground(2)
  store.getState().labelsShown({ run_ref: 'r', stage: 'final' })
  const [{ request_index }] = settle() as { request_index: number }[]
  requests.runPlaneCame(answer(request_index, 'other'))
  requests.runPlaneCame(answer(request_index - 1))
  expect(labels.showPlane).not.toHaveBeenCalled()
})

it('asks for nothing where the level is the file, or labels are not final', () => {
  const whole = ground(1)
  whole.store.getState().labelsShown({ run_ref: 'r', stage: 'final' })
  expect(whole.settle()).toEqual([])
  const preview = ground(2)
  preview.store.getState().labelsShown({ run_ref: 'r', stage: 'draft' })
  expect(preview.settle()).toEqual([])
})

it('asks for the mask that is being corrected, as it is or as it was, and what a threshold that is tried gives', () => {
  const { store, labels, settle } = ground(4)
  store.getState().maskChanged({ mask_ref: 'm', labels: [] } as unknown as MaskView)
  expect(settle()).toMatchObject([{ type: 'plane', mask_ref: 'm', axis: 'z', index: 5, state: 'now' }])
  store.getState().beforeToggled(true)
  expect(settle()).toMatchObject([{ state: 'before' }])
  labels.hidePlanes.mockClear()
  store.getState().thresholdMoved({ value: 0.5, smallest: 0 })
  expect(labels.hidePlanes).toHaveBeenCalled()
  expect(settle()).toMatchObject([{ state: 'tried' }])
  store.getState().thresholdMoved({ value: 0.6, smallest: 0 })
  expect(settle()).toEqual([])
  store.getState().thresholdMoved(null)
  expect(settle()).toMatchObject([{ state: 'before' }])
})
