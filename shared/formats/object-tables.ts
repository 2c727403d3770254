import type { VolumeHeader } from '../volume/header.ts'
import { reverseTriple, type Zyx } from '../volume/zyx.ts'

/** One object in a table. */
export interface ListedObject {
  label: number
  voxels: number
  /** Null where the voxel size is unknown. */
  volume: number | null
  start_zyx: Zyx
  shape_zyx: Zyx
  /** Mean voxel index. */
  centroid_zyx: Zyx
  centroid_world_xyz: readonly [number, number, number] | null
}

/** What the tables say of the volume that the objects lie in. */
export interface ObjectTableGround {
  header: Pick<VolumeHeader, 'shapeZyx' | 'voxelSizeZyx' | 'unit'>
  /** Name of the tomogram, without ending. */
  name: string
  volumeUnit: string | null
}

/**
 * Centres of objects as a particle table of RELION: `rlnCoordinate*` in voxels of this tomogram, the first voxel's centre
 * at 0; `rlnCenteredCoordinate*Angst` in ångström from the middle of the tomogram (half its size), where the voxel size is
 * known in ångström. `rlnClassNumber` is the label.
 * @see https://relion.readthedocs.io/en/release-5.0/Reference/STA/Datatypes/particle_set.html
 */
export function starTable(objects: readonly ListedObject[], { header, name }: ObjectTableGround): string {
  const size = header.unit === 'angstrom' && header.voxelSizeZyx ? reverseTriple(header.voxelSizeZyx) : null
  const shape = reverseTriple(header.shapeZyx)
  const axes = ['X', 'Y', 'Z']
  const columns = [
    'rlnTomoName',
    ...axes.map((axis) => `rlnCoordinate${axis}`),
    ...(size ? axes.map((axis) => `rlnCenteredCoordinate${axis}Angst`) : []),
    'rlnClassNumber',
  ]
  const rows = objects.map(({ centroid_zyx, label }) => {
    const centre = reverseTriple(centroid_zyx)
    const centered = size ? centre.map((at, axis) => (at - shape[axis] / 2) * size[axis]) : []
    return [starText(name), ...[...centre, ...centered].map((value) => value.toFixed(3)), label].join(' ')
  })
  const head = columns.map((column, i) => `_${column} #${i + 1}`)
  return ['', '# Written by CryoMamba', '', 'data_particles', '', 'loop_', ...head, ...rows, ''].join('\n')
}

/** A word of a STAR file. */
function starText(text: string): string {
  return text.replaceAll(/[\s"'#]+/g, '_')
}

/**
 * Objects as a table: label, size, centre as voxel index and in the world, box. No column has the name of another; where
 * the voxel size is unknown there is no volume and no place in the world, where its unit is, no volume.
 */
export function csvTable(objects: readonly ListedObject[], { header, volumeUnit }: ObjectTableGround): string {
  const unit = header.voxelSizeZyx && (header.unit ?? 'unknown')
  const columns = [
    'label',
    'object',
    'voxels',
    ...(volumeUnit ? [`volume_${volumeUnit}`] : []),
    ...['x', 'y', 'z'].map((axis) => `centre_${axis}_voxel`),
    ...(unit ? ['x', 'y', 'z'].map((axis) => `centre_${axis}_${unit}`) : []),
    ...['x', 'y', 'z'].map((axis) => `start_${axis}_voxel`),
    ...['x', 'y', 'z'].map((axis) => `size_${axis}_voxel`),
  ]
  const numbers = new Map<number, number>()
  const rows = objects.map((one) => {
    const number = (numbers.get(one.label) ?? 0) + 1
    numbers.set(one.label, number)
    return [
      one.label,
      number,
      one.voxels,
      ...(volumeUnit ? [one.volume === null ? '' : round(one.volume)] : []),
      ...reverseTriple(one.centroid_zyx).map(round),
      ...(unit ? (one.centroid_world_xyz?.map(round) ?? ['', '', '']) : []),
      ...reverseTriple(one.start_zyx),
      ...reverseTriple(one.shape_zyx),
    ].join(',')
  })
  return `${[columns.join(','), ...rows].join('\n')}\n`
}

/** A row of `statistics.csv`. */
export interface ListedLabel {
  value: number
  name: string
  voxels: number
  share: number
  volume: number | null
  surface_area?: number | null
  num_objects?: number | null
}

/** Measures of each label as a table; units stand in the head. */
export function statisticsTable(
  labels: readonly ListedLabel[],
  volumeUnit: string | null,
  areaUnit: string | null,
): string {
  const head = [
    'label',
    'name',
    'voxels',
    'share',
    `volume_${volumeUnit ?? 'unknown'}`,
    `surface_${areaUnit ?? 'unknown'}`,
    'objects',
  ]
  const rows = labels.map((one) =>
    [
      one.value,
      csvText(one.name),
      one.voxels,
      round(one.share),
      one.volume === null ? '' : round(one.volume),
      one.surface_area == null ? '' : round(one.surface_area),
      one.num_objects ?? '',
    ].join(','),
  )
  return `${[head.join(','), ...rows].join('\n')}\n`
}

/** Text that no spreadsheet takes for a formula. */
function csvText(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

function round(value: number): number {
  return Number(value.toPrecision(9))
}
