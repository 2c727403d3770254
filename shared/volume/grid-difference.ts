import type { VolumeHeader } from './header.ts'
import { inUnit } from './length-units.ts'
import { type StatedPlace, statedPlace } from './stated-place.ts'
import { reverseTriple, type Xyz } from './zyx.ts'

/** How a mask's grid stands to that of the volume under it. */
export interface GridComparison {
  /** Why the mask cannot lie there; null when it can. */
  refusal: string | null
  /** What the user should know all the same; null when there is nothing. */
  doubt: string | null
}

/** Half a voxel is the difference between the two ways to count from corners or centres; float32 adds a little. */
const MOST_VOXELS_OFF = 0.75

/** As unit and rounding go, one voxel size. */
const MOST_SIZE_RATIO_OFF = 0.01

/**
 * Compares the grids of a mask and a volume: shape, voxel size, and where both files state them directions and place.
 * Directions are stated by NIfTI with an sform or qform and by NRRD with space directions, in the world or the unnamed
 * space that both name. What a file does not state differs not. Origins of MRC files, and those in unnamed spaces, are
 * often left as some program found them: where they differ that is a doubt, no refusal.
 */
export function compareGrids(mask: VolumeHeader, volume: VolumeHeader): GridComparison {
  const refuse = (refusal: string): GridComparison => ({ refusal, doubt: null })
  if (mask.shapeZyx.join() !== volume.shapeZyx.join())
    return refuse(`it has ${shown(mask.shapeZyx)} voxels (x, y, z), the volume has ${shown(volume.shapeZyx)}`)
  const { voxelSizeZyx: found, unit } = mask
  if (found && volume.voxelSizeZyx && unit === volume.unit && !isOneSize(mask, volume))
    return refuse(
      `its voxels are ${shown(found)} ${unit ?? ''} (x, y, z), those of the volume ${shown(volume.voxelSizeZyx)}`,
    )
  const [place, placeUnder] = [statedPlace(mask), statedPlace(volume)]
  const space = commonSpace(place, placeUnder)
  if (!space || !place || !placeUnder) return { refusal: null, doubt: null }
  const [of, under] = [gridOf(place), gridOf(placeUnder)]
  if (space.hasDirections && farthestOff(of, under, volume) > MOST_VOXELS_OFF) return refuse(turnText(of, under, space))
  const off = offsetVoxels(of, under, isOneSize(mask, volume))
  if (off === null || off.every((voxels) => Math.abs(voxels) <= MOST_VOXELS_OFF)) return { refusal: null, doubt: null }
  const text = `it begins ${off.map((voxels) => Number(voxels.toFixed(1))).join(', ')} voxels (x, y, z) from the first voxel of the volume`
  return space.isPlaceSure ? refuse(text) : { refusal: null, doubt: text }
}

/** A triple of sizes in x, y, z order. */
export function shown(tripleZyx: readonly [number, number, number]): string {
  return reverseTriple(tripleZyx)
    .map((one) => Number(one.toPrecision(6)))
    .join(' × ')
}

/** Both sizes are known and the same, in whatever units. */
export function isOneSize(mask: VolumeHeader, volume: VolumeHeader): boolean {
  const [found, wanted] = [mask.voxelSizeZyx, volume.voxelSizeZyx]
  if (!found || !wanted) return false
  const inUnitOfVolume = (size: number) => (mask.unit && volume.unit ? inUnit(size, mask.unit, volume.unit) : size)
  return found.every((size, axis) => Math.abs(inUnitOfVolume(size) / wanted[axis] - 1) <= MOST_SIZE_RATIO_OFF)
}

/** What two places can be compared in. */
interface Space {
  hasDirections: boolean
  /** Both are in right, anterior, superior. */
  isAnatomical: boolean
  isPlaceSure: boolean
}

function commonSpace(mask: StatedPlace | null, volume: StatedPlace | null): Space | null {
  if (!mask || mask.frame !== volume?.frame) return null
  const isAnatomical = mask.frame === 'ras'
  return { hasDirections: mask.frame !== 'mrc', isAnatomical, isPlaceSure: isAnatomical }
}

/** A grid in a common space: unit vectors of the axes, voxel sizes and the first voxel, in the header's unit. */
interface PlacedGrid {
  directionsXyz: [Xyz, Xyz, Xyz]
  sizeXyz: number[]
  origin: number[]
}

function gridOf({ affine }: StatedPlace): PlacedGrid {
  const columns = [0, 1, 2, 3].map((at) => [0, 1, 2].map((row) => affine[4 * row + at]))
  const sizeXyz = columns.slice(0, 3).map((vector) => Math.hypot(...vector))
  const directions = sizeXyz.map((size, axis) => columns[axis].map((value) => value / (size || 1)))
  return { directionsXyz: directions as unknown as PlacedGrid['directionsXyz'], sizeXyz, origin: columns[3] }
}

/** How far apart, in voxels, the directions alone bring the corner that lies farthest from the first voxel. */
function farthestOff(of: PlacedGrid, under: PlacedGrid, { shapeZyx }: VolumeHeader): number {
  return reverseTriple(shapeZyx).reduce((sum, size, axis) => {
    const [a, b] = [of.directionsXyz[axis], under.directionsXyz[axis]]
    return sum + (size - 1) * Math.hypot(...a.map((value, row) => value - b[row]))
  }, 0)
}

/** First voxel of the mask as the volume counts voxels; null where the sizes do not tell. */
function offsetVoxels(of: PlacedGrid, under: PlacedGrid, isOneSize: boolean): number[] | null {
  if (!isOneSize) return null
  return under.directionsXyz.map((direction, axis) => {
    const own = of.origin.reduce((sum, value, row) => sum + value * direction[row], 0) / of.sizeXyz[axis]
    const wanted = under.origin.reduce((sum, value, row) => sum + value * direction[row], 0) / under.sizeXyz[axis]
    return own - wanted
  })
}

function turnText(of: PlacedGrid, under: PlacedGrid, space: Space): string {
  const [found, wanted] = [axesText(of, space), axesText(under, space)]
  if (found === wanted) return 'it is turned against the volume'
  return `its axes x, y, z run to ${found}, those of the volume to ${wanted}`
}

/** Where the axes run, nearly, in words. */
function axesText({ directionsXyz }: PlacedGrid, { isAnatomical }: Space): string {
  const names = isAnatomical ? ANATOMICAL_NAMES : PLAIN_NAMES
  return directionsXyz
    .map((direction) => {
      const lengths = direction.map(Math.abs)
      const world = lengths.indexOf(Math.max(...lengths))
      return names[world][direction[world] < 0 ? 0 : 1]
    })
    .join(', ')
}

const ANATOMICAL_NAMES = [
  ['left', 'right'],
  ['posterior', 'anterior'],
  ['inferior', 'superior'],
] as const
const PLAIN_NAMES = [
  ['−x', '+x'],
  ['−y', '+y'],
  ['−z', '+z'],
] as const
