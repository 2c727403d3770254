import { type Affine, applyAffine } from '../volume/affine.ts'
import type { VolumeHeader, VolumeWarning } from '../volume/header.ts'
import { MEASURE_UNITS } from '../volume/physical-volume.ts'
import { numVoxels, reverseTriple, type Zyx } from '../volume/zyx.ts'
import { type CensusLimits, type LabelObjects, ObjectCensus } from './object-census.ts'
import { type ObjectFacts, TooManyObjects } from './object-table.ts'
import { NUM_LABELS, type PlaneRuns, RunReader } from './plane-runs.ts'
import { SurfaceMeter } from './surface.ts'

/** How `surface_area` is estimated; part of the reports, since estimators differ by more than masks do. */
export const SURFACE_METHOD =
  'marching cubes: area of the marching-cubes triangles through the midpoints between voxel centres, summed over all 2 x 2 x 2 neighbourhoods (as in google-deepmind/surface-distance); each label against everything else, closed at the border of the volume; planes along an axis are exact, a sphere comes out about 9 % too large, 14 % where voxels are 2.5 times as long along an axis'

/** One object in a report. */
export interface ObjectReport {
  voxels: number
  /** In `volume_unit`; null where the voxel size or its unit is unknown. */
  volume: number | null
  /** Smallest box of voxels around the object. */
  start_zyx: Zyx
  shape_zyx: Zyx
  /** Mean voxel index; voxel centres sit on integer indices. */
  centroid_zyx: Zyx
  /** The centroid through the volume's affine, x, y, z in the volume's `unit`; null where the voxel size is unknown. */
  centroid_world_xyz: [number, number, number] | null
}

/** Measures of one foreground label. */
export interface LabelReport {
  voxels: number
  share: number
  /** In `volume_unit`; null where the voxel size or its unit is unknown. */
  volume: number | null
  /** In `area_unit`, by `SURFACE_METHOD`; null where the voxel size or its unit is unknown. */
  surface_area: number | null
  /** Null where there are too many to count; a warning says so. */
  num_objects: number | null
  /** Largest first; null as `num_objects`. */
  objects: ObjectReport[] | null
  /** Objects that are not listed, the smallest; null as `num_objects`. */
  objects_left_out: number | null
}

/**
 * Voxels, volume, surface area and objects (neighbours by faces, edges or corners) of each label of a mask, from its
 * planes in ascending z. Memory: the runs of two planes, the objects that reach into one plane, the largest of each label.
 * States: adding (`add` once per plane) → complete (`label`, `values`).
 */
export class LabelStatistics {
  /** Known after the last plane. */
  readonly warnings: VolumeWarning[] = []
  private readonly shapeZyx: Zyx
  private readonly affine: Affine | null
  /** Null where the voxel size or its unit is unknown. */
  private readonly measures: { name: string; voxelVolume: number; spacingZyx: Zyx; squared: number } | null
  private readonly surface: SurfaceMeter | null
  private readonly reader: RunReader
  /** Voxels by label. */
  private readonly counts = new Float64Array(NUM_LABELS)
  private planes = 0
  /** Null once there are too many objects; written by `add` only. */
  private census: ObjectCensus | null
  private found: {
    areas: ReadonlyMap<number, number> | null
    objects: ReadonlyMap<number, LabelObjects> | null
  } | null = null

  /** @param header of the mask or of a volume on the same grid. @throws RangeError for a shape without voxels */
  constructor(header: Pick<VolumeHeader, 'shapeZyx' | 'voxelSizeZyx' | 'unit' | 'affine'>, limits?: CensusLimits) {
    const { shapeZyx, voxelSizeZyx: size, unit } = header
    this.shapeZyx = shapeZyx
    this.affine = size && header.affine
    const units = unit && MEASURE_UNITS[unit]
    this.measures =
      size && units
        ? {
            name: units.name,
            voxelVolume: size[0] * size[1] * size[2] * units.cubed,
            spacingZyx: size,
            squared: units.squared,
          }
        : null
    this.reader = new RunReader(shapeZyx)
    this.surface = this.measures && new SurfaceMeter(shapeZyx, this.measures.spacingZyx)
    this.census = new ObjectCensus(shapeZyx, limits)
  }

  /** The next plane, y, x order, labels 0 to 65535. Not kept. @throws RangeError for a plane of another size or too many */
  add(plane: ArrayLike<number>): void {
    const [nz] = this.shapeZyx
    if (this.planes === nz) throw new RangeError(`more than ${nz} planes`)
    const runs = this.reader.read(plane)
    this.planes++
    this.countVoxels(runs, plane.length)
    this.surface?.add(runs)
    try {
      this.census?.add(runs)
    } catch (error) {
      if (!(error instanceof TooManyObjects)) throw error
      this.census = null
      const message = `The objects of the mask were not counted: ${error.message} at plane ${this.planes - 1}.`
      this.warnings.push({ code: 'objects_not_counted', message })
    }
  }

  /** What the numbers of all labels have in common. */
  frame() {
    return {
      volume_unit: this.measures && `${this.measures.name}3`,
      area_unit: this.measures && `${this.measures.name}2`,
      surface_method: SURFACE_METHOD,
      connectivity: 26,
    }
  }

  /** Labels that occur, ascending, background included. */
  values(): number[] {
    return [...this.counts.keys()].filter((label) => this.counts[label] > 0)
  }

  /** Measures of one label; of the background voxels and volume only. @throws RangeError while planes are missing */
  label(value: number): LabelReport | Pick<LabelReport, 'voxels' | 'share' | 'volume'> {
    const voxels = this.counts[value] ?? 0
    const size = { voxels, share: voxels / numVoxels(this.shapeZyx), volume: this.volumeOf(voxels) }
    const { areas, objects } = this.results()
    if (value === 0) return size
    const area = areas && this.measures && (areas.get(value) ?? 0) * this.measures.squared
    if (!objects) return { ...size, surface_area: area, num_objects: null, objects: null, objects_left_out: null }
    const { numObjects, largest } = objects.get(value) ?? { numObjects: 0, largest: [] }
    return {
      ...size,
      surface_area: area,
      num_objects: numObjects,
      objects: largest.map((one) => this.report(one)),
      objects_left_out: numObjects - largest.length,
    }
  }

  private countVoxels({ size, labels, starts, ends }: PlaneRuns, planeVox: number): void {
    const { counts } = this
    let background = planeVox
    for (let run = 0; run < size; run++) {
      const length = ends[run] - starts[run]
      counts[labels[run]] += length
      background -= length
    }
    counts[0] += background
  }

  private results() {
    if (this.planes < this.shapeZyx[0]) throw new RangeError(`${this.planes} of ${this.shapeZyx[0]} planes were added`)
    this.found ??= { areas: this.surface?.areas() ?? null, objects: this.census?.objects() ?? null }
    return this.found
  }

  private volumeOf(voxels: number): number | null {
    return this.measures && voxels * this.measures.voxelVolume
  }

  private report({ voxels, boundingBoxZyx, centroidZyx }: ObjectFacts): ObjectReport {
    return {
      voxels,
      volume: this.volumeOf(voxels),
      start_zyx: boundingBoxZyx.start,
      shape_zyx: boundingBoxZyx.shape,
      centroid_zyx: centroidZyx,
      centroid_world_xyz: this.affine && applyAffine(this.affine, reverseTriple(centroidZyx)),
    }
  }
}
