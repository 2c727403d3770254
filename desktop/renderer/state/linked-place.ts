import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import { reverseTriple, type Xyz } from '../../../shared/volume/zyx.ts'
import { type DisplaySpacing, voxelNm, worldNm } from './physical.ts'

/** A volume, and the voxel size that the user gave where its file has none. */
export interface Placed {
  volume: Pick<OpenedVolume, 'voxel_size_zyx' | 'unit' | 'affine' | 'shape_zyx'>
  given: DisplaySpacing | null
}

/** Two volumes show the same place of the world, or the same voxel where a voxel size is unknown. */
export type LinkRule = 'world' | 'voxel'
type Triple = [number, number, number]

export function linkRule(a: Placed, b: Placed): LinkRule {
  return worldLine(a) && worldLine(b) ? 'world' : 'voxel'
}

/** The place of one volume's file that is seen where a place of the other is; voxels, not rounded. */
export function placeIn(to: Placed, from: Placed, placeXyz: Xyz): Triple {
  const line = worldLine(to)
  const world = worldNm(from.volume, from.given, placeXyz)
  if (!line || !world) return [...placeXyz]
  const { columns, origin } = line
  const offset = world.map((one, axis) => one - origin[axis]) as Triple
  const whole = determinant(columns)
  return columns.map((_, axis) => {
    const replaced = columns.map((column, one) => (one === axis ? offset : column)) as Columns
    return determinant(replaced) / whole
  }) as Triple
}

/** The nearest voxel inside the file, and whether the place lies beside it. */
export function voxelIn({ volume }: Pick<Placed, 'volume'>, placeXyz: Xyz): { indexXyz: Triple; isOutside: boolean } {
  const size = reverseTriple(volume.shape_zyx)
  const rounded = placeXyz.map(Math.round) as Triple
  const indexXyz = rounded.map((index, axis) => Math.min(size[axis] - 1, Math.max(0, index))) as Triple
  return { indexXyz, isOutside: indexXyz.some((index, axis) => index !== rounded[axis]) }
}

/** Pixels that a voxel takes along an axis of one file, for the other to be seen at the same size. */
export function pxPerVoxelIn(
  to: Placed & { fileAxis: 0 | 1 | 2 },
  from: Placed & { fileAxis: 0 | 1 | 2 },
  pxPerVoxel: number,
): number {
  if (linkRule(to, from) === 'voxel') return pxPerVoxel
  const [toNm, fromNm] = [to, from].map(({ volume, given, fileAxis }) => voxelNm(volume, given, fileAxis) ?? 1)
  return (pxPerVoxel * toNm) / fromNm
}

type Columns = [Triple, Triple, Triple]

/** World = origin + columns · place, nanometres; null where nobody says, or where the axes are not three. */
function worldLine({ volume, given }: Placed): { columns: Columns; origin: Triple } | null {
  const origin = worldNm(volume, given, [0, 0, 0])
  if (!origin) return null
  const columns = [0, 1, 2].map((axis) => {
    const step: Triple = [0, 0, 0]
    step[axis] = 1
    return (worldNm(volume, given, step) ?? origin).map((one, world) => one - origin[world])
  }) as Columns
  return Math.abs(determinant(columns)) > 0 ? { columns, origin } : null
}

function determinant([a, b, c]: Columns): number {
  return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
}
