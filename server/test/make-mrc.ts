import type { Zyx } from '../../shared/volume/zyx.ts'

/** A float32 MRC file of these voxels (z, y, x order) with a known voxel size and origin, made by hand from MRC2014. */
export function makeMrc(
  voxels: Float32Array,
  shapeZyx: Zyx,
  voxelAngstrom = 13.48,
  originXyz = [100, 200, 300],
): Uint8Array {
  const file = new Uint8Array(1024 + voxels.byteLength)
  const view = new DataView(file.buffer)
  const [nz, ny, nx] = shapeZyx
  for (const [word, value] of [nx, ny, nz, 2, 0, 0, 0, nx, ny, nz].entries()) view.setInt32(word * 4, value, true)
  for (const [i, n] of [nx, ny, nz].entries()) view.setFloat32(40 + i * 4, n * voxelAngstrom, true)
  for (let i = 0; i < 3; i++) {
    view.setFloat32(52 + i * 4, 90, true)
    view.setInt32(64 + i * 4, i + 1, true)
    view.setFloat32(196 + i * 4, originXyz[i], true)
  }
  view.setFloat32(
    76,
    voxels.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    true,
  )
  view.setFloat32(
    80,
    voxels.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
    true,
  )
  view.setInt32(88, 1, true)
  view.setInt32(108, 20140, true)
  file.set([0x4d, 0x41, 0x50, 0x20, 0x44, 0x44], 208)
  file.set(new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength), 1024)
  return file
}

/** Voxels with a structure that no shift, flip or swap of axes leaves as it is; values 0 to about 20. */
export function makeVoxels(shapeZyx: Zyx): Float32Array {
  const [nz, ny, nx] = shapeZyx
  const voxels = new Float32Array(nz * ny * nx)
  let state = 99
  for (let z = 0, at = 0; z < nz; z++)
    for (let y = 0; y < ny; y++)
      for (let x = 0; x < nx; x++, at++) {
        state = (state * 1103515245 + 12345) % 2147483648
        const isInBox = z > nz / 3 && y > ny / 2 && x < nx / 2
        voxels[at] = (state / 2147483648) * 12 + (isInBox ? 8 : 0)
      }
  return voxels
}
