import { DomainError } from '../../errors/domain-error.ts'
import type { VolumeWarning } from '../../volume/header.ts'
import type { Zyx } from '../../volume/zyx.ts'
import { checkedVoxelCount } from '../check-size.ts'

/** What the header says of the axes, fastest first, one entry for each stored axis. */
export interface StoredAxes {
  sizes: number[]
  kinds: string[] | null
  /** null for an axis whose direction is `none`. */
  directions: (number[] | null)[] | null
}

/** Which of the stored axes are x, y and z. */
export interface VolumeAxes {
  shapeZyx: Zyx
  numVolumes: number
  totalVoxels: number
  /** Indices of the stored axes that are x, y, z; fewer than three where the file has fewer. */
  xyz: number[]
  /** Stored values from one voxel to the next along x, y and z; null where voxels follow each other. */
  stridesXyz: [number, number, number] | null
}

const SPATIAL_KIND = /^(domain|space|none|\?\?\?)$/i

/** Kinds whose components mean nothing one by one. */
const INSEPARABLE_KIND = /^(complex|quaternion|.*-?color)$/i

/**
 * Finds x, y and z among one to four stored axes.
 *
 * An axis is not spatial where its direction is `none` or its kind names components, a list or time; in four
 * dimensions without any hint the slowest is not. What lies along such axes are volumes, of which the first is read,
 * wherever the axis stands (`list domain domain domain` and `domain domain domain list` are both written). A slowest
 * axis of two or three dimensions is one of the volume's in any case. Missing slow axes have one voxel.
 *
 * @throws {DomainError} `format_header_invalid`, `format_unsupported` for colours and complex numbers
 * @see https://teem.sourceforge.net/nrrd/format.html §5, "kinds"; §7, "space directions"
 */
export function volumeAxes(name: string, axes: StoredAxes, warnings: VolumeWarning[]): VolumeAxes {
  const { sizes, kinds } = axes
  const totalVoxels = checkedVoxelCount(name, sizes)
  const isOther = otherAxes(axes)
  const inseparable = sizes.findIndex((size, i) => size > 1 && kinds !== null && INSEPARABLE_KIND.test(kinds[i]))
  if (inseparable >= 0) throw componentsRefused(name, axes, inseparable)
  const last = sizes.length - 1
  const spatial = sizes.map((_, i) => i).filter((i) => !isOther[i])
  if (spatial.length < 3 && isOther[last]) spatial.push(last)
  const xyz = spatial.slice(0, 3)
  const [x, y = 1, z = 1] = xyz.map((i) => sizes[i])
  const numVolumes = totalVoxels / (x * y * z)
  const stridesXyz = stridesOf(sizes, xyz)
  if (numVolumes > 1) warnings.push(firstVolumeOnly(numVolumes, stridesXyz !== null))
  return { shapeZyx: [z, y, x], numVolumes, totalVoxels, xyz, stridesXyz }
}

/** True for axes that are not in space; all false where that would leave none. */
function otherAxes({ sizes, kinds, directions }: StoredAxes): boolean[] {
  const isOther = sizes.map((_, i) => directions?.[i] === null || (kinds !== null && !SPATIAL_KIND.test(kinds[i])))
  return isOther.every(Boolean) ? sizes.map(() => false) : isOther
}

function stridesOf(sizes: readonly number[], xyz: readonly number[]): [number, number, number] | null {
  const stride = (axis: number) => sizes.slice(0, axis).reduce((product, size) => product * size, 1)
  // Axes that the file does not have are never stepped along.
  const [x, y = sizes.length, z = sizes.length] = xyz
  const strides: [number, number, number] = [stride(x), stride(y), stride(z)]
  const isPacked = strides[0] === 1 && strides[1] === sizes[x] && strides[2] === sizes[x] * (sizes[y] ?? 1)
  return isPacked ? null : strides
}

function componentsRefused(name: string, { sizes, kinds }: StoredAxes, axis: number): DomainError {
  const kind = `${sizes[axis]} values of kind ${kinds?.[axis] ?? 'unknown'} for each voxel`
  return new DomainError('format_unsupported', { name, kind })
}

function firstVolumeOnly(numVolumes: number, isInterleaved: boolean): VolumeWarning {
  const where = isInterleaved ? `${numVolumes} values for each voxel` : `${numVolumes} volumes along its slowest axis`
  return { code: 'first_volume_only', message: `The file holds ${where}; only the first is shown and processed.` }
}
