import { describe, expect, it } from 'vitest'
import { changedPlanes } from './changed-planes.ts'
import type { LabelLevel } from './open-volume.ts'

const level = (voxels: number[], bin = 2, factor = bin): LabelLevel => ({
  runRef: 'a',
  stage: 'final_planes',
  bin,
  factor,
  shapeZyx: [4, 1, 2],
  voxels: Uint8Array.from(voxels),
})
const before = level([0, 0, 0, 0, 0, 0, 0, 0])

describe('changedPlanes', () => {
  it('gives whole planes from the first to the last that changed', () => {
    expect(changedPlanes(level([0, 0, 0, 1, 2, 0, 0, 0]), before)).toEqual({
      firstPlane: 1,
      voxels: Uint8Array.of(0, 1, 2, 0),
    })
    expect(changedPlanes(level([0, 0, 0, 0, 0, 0, 0, 9]), before)?.firstPlane).toBe(3)
  })

  it('gives nothing to replace where nothing changed', () => {
    expect(changedPlanes(before, before)?.voxels).toHaveLength(0)
  })

  it('does not compare levels of another bin or factor, or the first with nothing', () => {
    expect(changedPlanes(level([0, 0, 0, 1, 2, 0, 0, 0], 4), before)).toBeNull()
    expect(changedPlanes(level([0, 0, 0, 1, 2, 0, 0, 0], 2, 4), before)).toBeNull()
    expect(changedPlanes(before, null)).toBeNull()
  })
})
