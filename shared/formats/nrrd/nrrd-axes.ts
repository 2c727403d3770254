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
}

const SPATIAL_KIND = /^(domain|space|none|\?\?\?)$/i

/**
 * Finds x, y and z among one to four stored axes.
 *
 * An axis is not spatial where its direction is `none` or its kind names components, a list or time. A slowest axis
 * of that sort counts volumes in four dimensions; without any hint the fourth axis does. Interleaved components are
 * refused unless there is only one. Missing slow axes have one voxel.
 *
 * @throws {DomainError} `format_header_invalid`, `format_unsupported`
 * @see https://teem.sourceforge.net/nrrd/format.html §5, "kinds"; §7, "space directions"
 */
export function volumeAxes(name: string, axes: StoredAxes, warnings: VolumeWarning[]): VolumeAxes {
  const totalVoxels = checkedVoxelCount(name, axes.sizes)
  const last = axes.sizes.length - 1
  const isOther = otherAxes(axes)
  const kept = axes.sizes.map((_, i) => i).filter((i) => !(isOther[i] && axes.sizes[i] === 1 && i !== last))
  const interleaved = kept.find((i) => isOther[i] && i !== last)
  if (interleaved !== undefined) throw componentsRefused(name, axes, interleaved)
  const xyz = kept.slice(0, 3)
  const numVolumes = kept.length > 3 ? axes.sizes[last] : 1
  if (numVolumes > 1) warnings.push(firstVolumeOnly(numVolumes))
  const [x, y = 1, z = 1] = xyz.map((i) => axes.sizes[i])
  return { shapeZyx: [z, y, x], numVolumes, totalVoxels, xyz }
}

/** True for axes that are not in space; all false where that would leave none. */
function otherAxes({ sizes, kinds, directions }: StoredAxes): boolean[] {
  const isOther = sizes.map((_, i) => directions?.[i] === null || (kinds !== null && !SPATIAL_KIND.test(kinds[i])))
  return isOther.every(Boolean) ? sizes.map(() => false) : isOther
}

function componentsRefused(name: string, { sizes, kinds }: StoredAxes, axis: number): DomainError {
  const kind = `${sizes[axis]} interleaved values of kind ${kinds?.[axis] ?? 'unknown'} for each voxel`
  return new DomainError('format_unsupported', { name, kind })
}

function firstVolumeOnly(numVolumes: number): VolumeWarning {
  return {
    code: 'first_volume_only',
    message: `The file holds ${numVolumes} volumes along its slowest axis; only the first is shown and processed.`,
  }
}
