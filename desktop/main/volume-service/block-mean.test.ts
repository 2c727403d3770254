import { describe, expect, it } from 'vitest'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { writeBlockMeans } from './block-mean.ts'
import { levelBoxes } from './level-plan.ts'

const SHAPE = [3, 5, 7] as const
const values = Float32Array.from({ length: 105 }, (_, i) => (i * 37) % 101)

function level(bin: number, mostVoxels: number, scaling = { slope: 1, intercept: 0 }): Uint8Array {
  const shapeZyx = blockGridShape(SHAPE, bin)
  const voxels = new Uint8Array(shapeZyx[0] * shapeZyx[1] * shapeZyx[2])
  for (const box of levelBoxes(SHAPE, bin, mostVoxels)) {
    const [[z0, y0], [sz, sy, sx]] = [box.startZyx, box.shapeZyx]
    const read = new Float32Array(sz * sy * sx)
    for (let z = 0; z < sz; z++)
      for (let y = 0; y < sy; y++)
        for (let x = 0; x < sx; x++) read[(z * sy + y) * sx + x] = values[((z0 + z) * 5 + y0 + y) * 7 + x]
    writeBlockMeans(read, box, scaling, { voxels, shapeZyx, bin, range: { low: 0, high: 255 } })
  }
  return voxels
}

/** The rule of DESIGN §5, voxel by voxel. */
function plain(bin: number): number[] {
  const [nz, ny, nx] = blockGridShape(SHAPE, bin)
  const means: number[] = []
  for (let p = 0; p < nz * ny * nx; p++) {
    const [bz, by, bx] = [Math.floor(p / (ny * nx)), Math.floor(p / nx) % ny, p % nx]
    const covered: number[] = []
    for (let z = bz * bin; z < Math.min((bz + 1) * bin, 3); z++)
      for (let y = by * bin; y < Math.min((by + 1) * bin, 5); y++)
        for (let x = bx * bin; x < Math.min((bx + 1) * bin, 7); x++) covered.push(values[(z * 5 + y) * 7 + x])
    means.push(Math.round(covered.reduce((sum, value) => sum + value, 0) / covered.length))
  }
  return means
}

describe('writeBlockMeans', () => {
  it('is the mean over the voxels that a block covers, however the volume is read', () => {
    for (const bin of [1, 2, 4, 8]) for (const most of [1, 30, 1000]) expect([...level(bin, most)]).toEqual(plain(bin))
  })

  it('applies the scaling of the file', () => {
    expect(level(1, 1000, { slope: 2, intercept: 5 })[1]).toBe(2 * values[1] + 5)
  })

  it('leaves out voxels that are not finite, and clamps', () => {
    const voxels = new Uint8Array(2)
    const box = { startZyx: [0, 0, 0] as [number, number, number], shapeZyx: [1, 1, 4] as [number, number, number] }
    const target = { voxels, shapeZyx: [1, 1, 2] as const, bin: 2, range: { low: 0, high: 10 } }
    writeBlockMeans([Number.NaN, 4, Number.POSITIVE_INFINITY, 99], box, { slope: 1, intercept: 0 }, target)
    expect([...voxels]).toEqual([102, 255])
  })
})
