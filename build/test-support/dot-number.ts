import type { MaskOperation } from '../../shared/contract/mask-edit.ts'

/** x, y, z of the volume that dots are drawn in. */
export const DOT_VOLUME = [130, 70, 66] as const

/** The i-th of a fixed row of operations, each of which changes a voxel. */
export function dotNumber(i: number): MaskOperation {
  const [nx, ny, nz] = DOT_VOLUME
  const at: [number, number, number] = [(i * 37) % nx, (i * 11 + Math.floor(i / nx)) % ny, (i * 5) % nz]
  const disc = { axis: 'z', shape: 'disc', radius_vox: 0.5, over: 'any' } as const
  return { kind: 'brush', stroke: `s${i}`, label: 10 + (i % 200), ...disc, path_xyz: [at] }
}
