import { int16Bytes } from '../../build/test-support/mrc-bytes.ts'

/** A NIfTI whose x axis runs downwards, y to the left and z forwards: all three are turned on the screen. */
export function turnedNifti(
  [nx, ny, nz]: readonly [number, number, number],
  valueAt: (x: number, y: number, z: number, index: number) => number,
): Uint8Array {
  const bytes = new Uint8Array(352 + 2 * nx * ny * nz)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, 348, true)
  for (const [i, value] of [3, nx, ny, nz, 1, 1, 1, 1].entries()) view.setInt16(40 + 2 * i, value, true)
  view.setInt16(70, 4, true)
  view.setInt16(72, 16, true)
  for (const [i, value] of [1, 2, 2, 2].entries()) view.setFloat32(76 + 4 * i, value, true)
  view.setFloat32(108, 352, true)
  view.setUint8(123, 2)
  view.setInt16(254, 1, true)
  const rows = [0, -2, 0, 10, 0, 0, 2, 20, -2, 0, 0, 30]
  for (const [i, value] of rows.entries()) view.setFloat32(280 + 4 * i, value, true)
  bytes.set(Buffer.from('n+1\0', 'latin1'), 344)
  const values = Array.from({ length: nx * ny * nz }, (_, i) =>
    valueAt(i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny)), i),
  )
  bytes.set(int16Bytes(values), 352)
  return bytes
}
