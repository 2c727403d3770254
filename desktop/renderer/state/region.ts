import type { RegionOfInterest } from '../../../shared/contract/jobs.ts'
import type { Xyz } from '../../../shared/volume/zyx.ts'

/**
 * A region of a wanted size around a voxel, moved so that it lies in the volume; an axis shorter than it is taken whole.
 * @param shapeZyx of the volume, voxels
 */
export function roiAround(centreXyz: Xyz, shapeZyx: readonly number[], sizeZyx: readonly number[]): RegionOfInterest {
  const range = (axis: number): [number, number] => {
    const size = Math.min(sizeZyx[axis], shapeZyx[axis])
    const from = Math.min(Math.max(0, centreXyz[2 - axis] - Math.floor(size / 2)), shapeZyx[axis] - size)
    return [from, from + size]
  }
  return [range(0), range(1), range(2)]
}

/** The region with one end moved; it stays in the volume and keeps at least one voxel. */
export function roiWithEnd(
  roi: RegionOfInterest,
  { axis, end, value }: { axis: number; end: 0 | 1; value: number },
  shapeZyx: readonly number[],
): RegionOfInterest {
  const next = roi.map((range) => [...range]) as RegionOfInterest
  const whole = Math.round(value)
  next[axis][end] =
    end === 0
      ? Math.min(Math.max(0, whole), next[axis][1] - 1)
      : Math.max(Math.min(shapeZyx[axis], whole), next[axis][0] + 1)
  return next
}

/** The border between voxels that is nearest to a place: voxel i reaches from i − ½ to i + ½, border i lies before it. */
export function borderNear(place: number): number {
  return Math.round(place + 0.5)
}

/**
 * The region between two places of a slice. Along the axis that the slice is seen along it stays as it was, or is the
 * whole volume.
 */
export function roiBetween(
  roi: RegionOfInterest | null,
  places: readonly [Xyz, Xyz],
  acrossAxis: number,
  shapeZyx: readonly number[],
): RegionOfInterest {
  const range = (zyx: number): [number, number] => {
    if (2 - zyx === acrossAxis) return roi ? [...roi[zyx]] : [0, shapeZyx[zyx]]
    const [low, high] = places.map((place) => borderNear(place[2 - zyx])).sort((a, b) => a - b)
    const from = Math.min(Math.max(0, low), shapeZyx[zyx] - 1)
    return [from, Math.max(Math.min(shapeZyx[zyx], high), from + 1)]
  }
  return [range(0), range(1), range(2)]
}

/** The region moved by whole voxels; it stops at the borders of the volume. */
export function roiMoved(roi: RegionOfInterest, byXyz: Xyz, shapeZyx: readonly number[]): RegionOfInterest {
  const range = (zyx: number): [number, number] => {
    const [from, to] = roi[zyx]
    const by = Math.min(Math.max(Math.round(byXyz[2 - zyx]), -from), shapeZyx[zyx] - to)
    return [from + by, to + by]
  }
  return [range(0), range(1), range(2)]
}

/** Share of the volume that a region is, 0 to 1. */
export function roiShare(roi: RegionOfInterest, shapeZyx: readonly number[]): number {
  return roi.reduce((share, [from, to], zyx) => (share * (to - from)) / shapeZyx[zyx], 1)
}
