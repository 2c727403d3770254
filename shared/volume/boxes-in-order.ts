import type { Zyx } from './zyx.ts'

/** One part of a volume. */
export interface Box {
  startZyx: Zyx
  shapeZyx: Zyx
}

/**
 * Boxes that follow each other in z, y, x order and fill a volume: laid end to end, their voxels are the volume's.
 * Whole planes where they fit, else rows of one plane, else parts of one row.
 * @param maxVoxels most voxels of a box, at least 1
 */
export function* boxesInOrder(shapeZyx: Zyx, maxVoxels: number): Generator<Box> {
  const [nz, ny, nx] = shapeZyx
  const lengthX = Math.min(nx, Math.max(1, Math.floor(maxVoxels)))
  const lengthY = lengthX < nx ? 1 : Math.min(ny, Math.max(1, Math.floor(maxVoxels / nx)))
  const lengthZ = lengthY < ny ? 1 : Math.min(nz, Math.max(1, Math.floor(maxVoxels / (nx * ny))))
  for (let z = 0; z < nz; z += lengthZ)
    for (let y = 0; y < ny; y += lengthY)
      for (let x = 0; x < nx; x += lengthX)
        yield {
          startZyx: [z, y, x],
          shapeZyx: [Math.min(lengthZ, nz - z), Math.min(lengthY, ny - y), Math.min(lengthX, nx - x)],
        }
}
