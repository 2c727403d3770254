import { describe, expect, it } from 'vitest'
import { createDesktopStore } from '../state/store.ts'
import { brushPlace } from './pointer-tools.ts'

const corner = { pointXyz: [10.45, 7.55, 3], axis: 'z', x: 0, y: 0, pixelsPerVoxel: [2, 2] } as Parameters<
  typeof brushPlace
>[0]

describe('where a brush is put down', () => {
  it('is the voxel under the pointer for a brush of one voxel, else the point itself', () => {
    const store = createDesktopStore()
    store.getState().brushSized(1)
    expect(brushPlace(corner, store)).toEqual([10, 8, 3])
    store.getState().brushSized(4)
    expect(brushPlace(corner, store)).toEqual([10.45, 7.55, 3])
  })
})
