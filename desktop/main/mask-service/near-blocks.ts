import type { VoxelBox } from '../../../shared/mask/edit/mask-change.ts'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'

/** Which labels the blocks of a level hold, and those beside them (by faces, edges or corners). */
export class BlockNeighbours {
  readonly bin: number
  private readonly labels: Uint16Array
  private readonly shapeZyx: Zyx

  /** @param sourceZyx shape of the volume that the level is of */
  constructor({ bin, labels }: { bin: number; labels: Uint16Array }, sourceZyx: Zyx) {
    this.bin = bin
    this.labels = labels
    this.shapeZyx = blockGridShape(sourceZyx, bin)
  }

  isNear(label: number, z: number, y: number, x: number): boolean {
    const [nz, ny, nx] = this.shapeZyx
    for (let bz = Math.max(0, z - 1); bz <= Math.min(nz - 1, z + 1); bz++)
      for (let by = Math.max(0, y - 1); by <= Math.min(ny - 1, y + 1); by++)
        for (let bx = Math.max(0, x - 1); bx <= Math.min(nx - 1, x + 1); bx++)
          if (this.labels[(bz * ny + by) * nx + bx] === label) return true
    return false
  }
}

/** Makes labels of a box background where no block near them holds the same. @param labels z, y, x order; changed in place */
export function keepNearBlocks(labels: Uint16Array, { startZyx, shapeZyx }: VoxelBox, blocks: BlockNeighbours): void {
  const [nz, ny, nx] = shapeZyx
  const block = (at: number) => Math.floor(at / blocks.bin)
  for (let z = 0, i = 0; z < nz; z++)
    for (let y = 0; y < ny; y++) {
      let seen = { column: -1, label: 0, isNear: false }
      for (let x = 0; x < nx; x++, i++) {
        const label = labels[i]
        if (label === 0) continue
        const column = block(startZyx[2] + x)
        if (column !== seen.column || label !== seen.label) {
          const isNear = blocks.isNear(label, block(startZyx[0] + z), block(startZyx[1] + y), column)
          seen = { column, label, isNear }
        }
        if (!seen.isNear) labels[i] = 0
      }
    }
}
