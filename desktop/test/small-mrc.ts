import { readFileSync, writeFileSync } from 'node:fs'
import { SAMPLE } from './desktop-app.ts'

/** Writes a small MRC file of mode 6 (uint16); a voxel size of 0 leaves it unknown. Voxel 0 lies at 100, 200, 300 Å. */
export function writeSmallMrc(
  file: string,
  shapeXyz: readonly [number, number, number],
  voxelAngstrom: readonly [number, number, number],
  valueAt: (x: number, y: number, z: number) => number,
): void {
  const header = readFileSync(SAMPLE).subarray(0, 1024)
  for (const axis of [0, 1, 2]) {
    header.writeInt32LE(shapeXyz[axis], axis * 4)
    header.writeInt32LE(shapeXyz[axis], (7 + axis) * 4)
    header.writeFloatLE(voxelAngstrom[axis] * shapeXyz[axis], (10 + axis) * 4)
    header.writeFloatLE(100 * (axis + 1), (49 + axis) * 4)
  }
  header.writeInt32LE(6, 3 * 4)
  header.writeInt32LE(0, 23 * 4) // no extended header
  const [nx, ny, nz] = shapeXyz
  const voxels = Uint16Array.from({ length: nx * ny * nz }, (_, i) =>
    valueAt(i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))),
  )
  writeFileSync(file, Buffer.concat([header, Buffer.from(voxels.buffer)]))
}
