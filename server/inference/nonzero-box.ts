import type { Zyx } from '../../shared/volume/zyx.ts'
import type { VoxelBox } from './cropped-source.ts'
import type { ObjectChunk } from './value-chunks.ts'

/**
 * Finds the smallest box that holds every voxel whose value is not zero in any channel; the whole volume where all are
 * zero. nnU-Net fills holes first, which does not change the box.
 * @see nnunetv2/preprocessing/cropping/cropping.py, crop_to_nonzero
 */
export class NonzeroBox {
  private readonly low: number[]
  private readonly high = [-1, -1, -1]
  private readonly shapeZyx: Zyx

  constructor(shapeZyx: Zyx) {
    this.shapeZyx = shapeZyx
    this.low = [...shapeZyx]
  }

  add({ zStart, isObject }: Pick<ObjectChunk, 'zStart' | 'isObject'>): void {
    const [, sizeY, sizeX] = this.shapeZyx
    for (let row = 0; row * sizeX < isObject.length; row++) {
      const from = row * sizeX
      let first = 0
      while (first < sizeX && isObject[from + first] === 0) first++
      if (first === sizeX) continue
      let last = sizeX - 1
      while (isObject[from + last] === 0) last--
      const [z, y] = [zStart + Math.floor(row / sizeY), row % sizeY]
      this.widen([z, y, first])
      this.widen([z, y, last])
    }
  }

  private widen(at: Zyx): void {
    for (let axis = 0; axis < 3; axis++) {
      this.low[axis] = Math.min(this.low[axis], at[axis])
      this.high[axis] = Math.max(this.high[axis], at[axis])
    }
  }

  box(): VoxelBox {
    const { low, high, shapeZyx } = this
    if (high[0] < 0) return { startZyx: [0, 0, 0], shapeZyx }
    return {
      startZyx: [low[0], low[1], low[2]],
      shapeZyx: [high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1],
    }
  }
}
