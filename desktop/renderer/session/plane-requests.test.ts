import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import type { PlaneMessage, VolumeRequest } from '../../../shared/contract/volume-port.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { AS_STORED } from '../../../shared/volume/display-orientation.ts'
import { createDesktopStore } from '../state/store.ts'
import { PlaneRequests } from './plane-requests.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

type PlaneRequest = Extract<VolumeRequest, { type: 'plane' }>

function ground() {
  const store = createDesktopStore()
  const asked: PlaneRequest[] = []
  const requests = new PlaneRequests(store, (request) => asked.push(request as PlaneRequest))
  const open = (volume_ref: string) =>
    store.getState().volumeOpened({ volume_ref, shape_zyx: [30, 50, 70] } as unknown as OpenedVolume)
  open('v')
  store.getState().levelShown({ bin: 2, low: 0, high: 1, histogram: [1], is_sampled: false, orientation: AS_STORED })
  const stop = new AbortController()
  const fetch = (index: number) => requests.fetch('z', index, stop.signal)
  return { store, requests, asked, open, fetch, stop }
}

function answer({ request_index, axis, index, thickness, projection }: PlaneRequest): PlaneMessage {
  const at = { volume_ref: 'v', request_index, axis, index, thickness, projection }
  return { type: 'plane', ...at, shape: [50, 70], voxels: new Uint8Array(3500) }
}

it('gives a picture each plane that it waits for, in whatever order they come', async () => {
  const { requests, asked, fetch } = ground()
  const planes = [fetch(4), fetch(5)]
  expect(asked).toMatchObject([{ is_awaited: true }, { is_awaited: true }])
  requests.came(answer(asked[1]), null)
  requests.came(answer(asked[0]), null)
  expect((await Promise.all(planes)).map((plane) => plane?.index)).toEqual([4, 5])
})

it('tells the picture, and nobody else, why its plane cannot be read', async () => {
  const { requests, asked, fetch } = ground()
  const plane = fetch(4)
  const problem = new DomainError('format_header_invalid', { name: 'a.mrc', reason: 'cut off' }).toEnvelope()
  expect(requests.failed({ problem })).toBe(false)
  expect(requests.failed({ problem, request_index: asked[0].request_index })).toBe(true)
  await expect(plane).rejects.toMatchObject({ code: 'format_header_invalid' })
})

it('ends the waiting once another volume is on show, as after a crash of the reader', async () => {
  const { open, fetch } = ground()
  const plane = fetch(4)
  open('another')
  await expect(plane).rejects.toMatchObject({ code: 'volume_not_open' })
})

it('ends the waiting when the picture is given up, and does not begin for one that was', async () => {
  const { asked, fetch, stop } = ground()
  const plane = fetch(4)
  stop.abort()
  await expect(plane).rejects.toMatchObject({ code: 'canceled' })
  await expect(fetch(5)).rejects.toMatchObject({ code: 'canceled' })
  expect(asked).toHaveLength(1)
})

it('asks for the planes of the screen as ones that a newer one may replace', () => {
  const { store, requests, asked } = ground()
  store.getState().panesChanged('xy', [{ kind: 'xy', left: 0, top: 0, width: 1, height: 1 }])
  store.getState().crosshairMoved([10, 20, 5])
  requests.changed()
  vi.advanceTimersByTime(500)
  expect(asked).toMatchObject([{ axis: 'z', index: 5 }])
  expect(asked[0].is_awaited).toBeUndefined()
})
