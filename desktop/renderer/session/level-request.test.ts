import { describe, expect, it } from 'vitest'
import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import { createDesktopStore } from '../state/store.ts'
import { levelRequest } from './level-request.ts'

const CARD = { maxVoxels: 128 * 2 ** 20, maxAxis: 2048 }

function opened(shape_zyx: [number, number, number]) {
  const store = createDesktopStore()
  store.getState().volumeOpened({ volume_ref: 'v', shape_zyx } as unknown as OpenedVolume)
  return { state: () => store.getState(), most: () => levelRequest(store.getState(), CARD) as { max_voxels: number } }
}

describe('levelRequest', () => {
  it('asks one level coarser than was shown after a lost context, however far below the budget that was', () => {
    const { state, most } = opened([30, 50, 71])
    expect(most().max_voxels).toBe(CARD.maxVoxels)
    state().graphicsLost(1)
    expect(most().max_voxels).toBe(15 * 25 * 36)
    state().graphicsLost(2)
    expect(most().max_voxels).toBe(8 * 13 * 18)
  })

  it('begins anew with another volume, and with a level that the user chooses', () => {
    const { state, most } = opened([30, 50, 71])
    state().graphicsLost(1)
    state().mostVoxelsChanged(256 * 2 ** 20)
    expect(most().max_voxels).toBe(256 * 2 ** 20)
    state().graphicsLost(1)
    state().levelsAllowed()
    expect(most().max_voxels).toBe(256 * 2 ** 20)
  })

  it('asks for no level whose labels one process could not hold, whatever is wanted', () => {
    const { state, most } = opened([2000, 4000, 4000])
    expect(most().max_voxels).toBe(CARD.maxVoxels)
    state().mostVoxelsChanged(2 ** 34)
    expect(most().max_voxels).toBe(900 * 2 ** 20)
  })
})
