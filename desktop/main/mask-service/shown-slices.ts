import type { VoxelBox } from '../../../shared/mask/edit/mask-change.ts'
import { planeAxes, type SliceAxis } from '../../../shared/mask/edit/plane-axes.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'

/** Which slices of the mask the window shows at full resolution: at most one across each axis of the file. */
export class ShownSlices {
  private readonly indexes = new Map<SliceAxis, number>()

  show(axis: SliceAxis, index: number): void {
    this.indexes.set(axis, index)
  }

  /** None across this axis. */
  hide(axis: SliceAxis): void {
    this.indexes.delete(axis)
  }

  clear(): void {
    this.indexes.clear()
  }

  /** What of the slices lies in a box. */
  partsIn({ startZyx, shapeZyx }: VoxelBox): { axis: SliceAxis; box: VoxelBox }[] {
    return [...this.indexes].flatMap(([axis, index]) => {
      const { across } = planeAxes(axis)
      if (index < startZyx[across] || index >= startZyx[across] + shapeZyx[across]) return []
      const flat = (triple: Zyx, value: number) =>
        triple.map((one, at) => (at === across ? value : one)) as unknown as Zyx
      return { axis, box: { startZyx: flat(startZyx, index), shapeZyx: flat(shapeZyx, 1) } }
    })
  }
}
