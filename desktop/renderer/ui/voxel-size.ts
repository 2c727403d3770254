import type { OpenedVolume } from '../../../shared/contract/bridge.ts'

/** Signs of the units of length. */
export const UNIT_SIGNS: Readonly<Record<string, string>> = { angstrom: 'Å', nm: 'nm', um: 'µm', mm: 'mm', m: 'm' }

/** `7.84 Å`, or `1 × 1 × 2.5 mm` (x, y, z) where the axes differ; says so when the file does not give it. */
export function formatVoxelSize(volume: Pick<OpenedVolume, 'voxel_size_zyx' | 'unit'>): string {
  if (!volume.voxel_size_zyx) return 'not in the file'
  const [z, y, x] = volume.voxel_size_zyx.map((size) => String(Number(size.toPrecision(6))))
  const unit = volume.unit ? UNIT_SIGNS[volume.unit] : '(unit not in the file)'
  return x === y && y === z ? `${x} ${unit}` : `${x} × ${y} × ${z} ${unit}`
}
