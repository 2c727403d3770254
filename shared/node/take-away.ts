import path from 'node:path'
import { DomainError } from '../errors/domain-error.ts'
import { type LabelMesh, type MeshFormat, meshFile } from '../formats/mesh-files.ts'
import { csvTable, type ListedLabel, type ListedObject, starTable, statisticsTable } from '../formats/object-tables.ts'
import { defaultColor, parseColor } from '../mask/label-colors.ts'
import { LabelStatistics } from '../mask/label-statistics.ts'
import { labelsOf } from '../mask/label-values.ts'
import { MeshBuilder, MeshTooLarge } from '../mask/mesh/mesh-builder.ts'
import type { VolumeHeader, VolumeWarning, VoxelSource } from '../volume/header.ts'
import { writeChunks } from './write-export.ts'

// 2.5 GB as STL; more does not open anywhere.
const MOST_TRIANGLES = 50_000_000
// 100 MB of table.
const MOST_OBJECTS = 1_000_000
const CHUNK_VOXELS = 4 * 1024 * 1024

/** A mask that something is taken away from: planes of labels, y, x order, and what is known of the labels. */
export interface TakenMask {
  header: VolumeHeader
  /** Planes in ascending z, once for each call. */
  planes: () => AsyncIterable<Uint16Array>
  /** Names and colours; labels that are not here are called by their value. */
  labels: readonly { value: number; name: string; color: string }[]
}

/** Planes of a mask file. @throws {DomainError} `request_invalid`, `canceled`, what the source throws */
export async function* planesOf(source: VoxelSource, signal?: AbortSignal): AsyncGenerator<Uint16Array> {
  const { header } = source
  const [nz, ny, nx] = header.shapeZyx
  const chunk = Math.max(1, Math.floor(CHUNK_VOXELS / (ny * nx)))
  for (let z = 0; z < nz; z += chunk) {
    const slab = labelsOf(await source.readSlab(z, Math.min(chunk, nz - z), signal), header)
    for (let at = 0; at < slab.length; at += ny * nx) {
      if (signal?.aborted) throw new DomainError('canceled')
      yield slab.subarray(at, at + ny * nx)
    }
  }
}

/** The format of a surface by the ending of its file. @throws {DomainError} `format_unknown` */
export function meshFormatOf(file: string): MeshFormat {
  const ending = path.extname(file).slice(1).toLowerCase()
  if (ending === 'stl' || ending === 'obj' || ending === 'ply') return ending
  const message = `${path.basename(file)} has no ending of a surface that is written.`
  throw new DomainError('format_unknown', { message, hint: 'Use .stl, .obj or .ply.' })
}

/**
 * Writes the surfaces of labels in the unit of the volume's world.
 * @param labels absent: all that occur
 * @throws {DomainError} `label_absent`, `surface_too_large`, `format_unknown`, `file_unwritable`
 */
export async function writeSurface(mask: TakenMask, file: string, labels: readonly number[] | null) {
  const format = meshFormatOf(file)
  const { header } = mask
  const wanted = labels ?? (await labelsThatOccur(mask))
  const meshes: LabelMesh[] = []
  let left = MOST_TRIANGLES
  for (const label of wanted) {
    const mesh = await meshOf(mask, label, left)
    if (mesh.triangles.length === 0) throw new DomainError('label_absent', { label })
    left -= mesh.triangles.length / 3
    const { name, color } = facts(mask, label)
    meshes.push({ label, name, rgb: parseColor(color), mesh })
  }
  if (meshes.length === 0) {
    const message = 'The mask is empty: every voxel is background.'
    throw new DomainError('label_absent', { message, hint: 'Choose a mask that has labels.' })
  }
  await writeChunks(file, meshFile(format, { meshes, affine: header.affine, unit: header.voxelSizeZyx && header.unit }))
  return meshes.map(({ label, name, mesh }) => ({ label, name, triangles: mesh.triangles.length / 3 }))
}

async function meshOf(mask: TakenMask, label: number, most: number) {
  const builder = new MeshBuilder(mask.header.shapeZyx, label, most)
  try {
    for await (const plane of mask.planes()) builder.add(plane)
    return builder.finish()
  } catch (cause) {
    if (cause instanceof MeshTooLarge) throw new DomainError('surface_too_large', { most: MOST_TRIANGLES, cause })
    throw cause
  }
}

async function labelsThatOccur(mask: TakenMask): Promise<number[]> {
  const seen = new Uint8Array(65_536)
  for await (const plane of mask.planes()) for (let i = 0; i < plane.length; i++) seen[plane[i]] = 1
  return [...seen.keys()].filter((label) => label !== 0 && seen[label] === 1)
}

function facts(mask: TakenMask, label: number): { name: string; color: string } {
  return mask.labels.find((one) => one.value === label) ?? { name: `label ${label}`, color: defaultColor(label) }
}

async function measured(mask: TakenMask): Promise<LabelStatistics> {
  const statistics = new LabelStatistics(mask.header, { mostListed: MOST_OBJECTS, mostListedInAll: MOST_OBJECTS })
  for await (const plane of mask.planes()) statistics.add(plane)
  return statistics
}

/**
 * Writes the centres of objects (neighbours by faces, edges or corners): a STAR file for RELION, or CSV.
 * @param name of the tomogram, without ending
 * @throws {DomainError} `format_unknown`, `too_many_objects`, `file_unwritable`
 */
export async function writeCoordinates(
  mask: TakenMask,
  file: string,
  asked: { labels: readonly number[] | null; smallestVoxels: number; name: string },
): Promise<{ objects: number; warnings: VolumeWarning[] }> {
  const ending = path.extname(file).slice(1).toLowerCase()
  if (ending !== 'star' && ending !== 'csv') {
    const message = `${path.basename(file)} has no ending of a table of coordinates.`
    throw new DomainError('format_unknown', { message, hint: 'Use .star or .csv.' })
  }
  const statistics = await measured(mask)
  const objects: ListedObject[] = []
  for (const label of asked.labels ?? statistics.values()) {
    if (label === 0) continue
    const report = statistics.label(label)
    if (report.voxels === 0) throw new DomainError('label_absent', { label })
    if (!('objects' in report)) continue
    if (!report.objects || report.objects_left_out) throw new DomainError('too_many_objects', { most: MOST_OBJECTS })
    for (const one of report.objects) if (one.voxels >= asked.smallestVoxels) objects.push({ label, ...one })
  }
  const ground = { header: mask.header, name: asked.name, volumeUnit: statistics.frame().volume_unit }
  await writeChunks(file, [ending === 'star' ? starTable(objects, ground) : csvTable(objects, ground)])
  return { objects: objects.length, warnings: statistics.warnings }
}

/** Writes the measures of each label as CSV or JSON. @throws {DomainError} `format_unknown`, `file_unwritable` */
export async function writeStatistics(mask: TakenMask, file: string): Promise<VolumeWarning[]> {
  const ending = path.extname(file).slice(1).toLowerCase()
  if (ending !== 'csv' && ending !== 'json') {
    const message = `${path.basename(file)} has no ending of a table of statistics.`
    throw new DomainError('format_unknown', { message, hint: 'Use .csv or .json.' })
  }
  const statistics = await measured(mask)
  const frame = statistics.frame()
  const labels = statistics
    .values()
    .filter((value) => value !== 0)
    .map((value) => ({ value, name: facts(mask, value).name, ...statistics.label(value) }))
  const { shapeZyx, voxelSizeZyx, unit } = mask.header
  const text =
    ending === 'csv'
      ? statisticsTable(labels satisfies ListedLabel[], frame.volume_unit, frame.area_unit)
      : `${JSON.stringify({ schema_version: 1, shape_zyx: shapeZyx, voxel_size_zyx: voxelSizeZyx, unit, ...frame, labels, warnings: statistics.warnings }, null, 2)}\n`
  await writeChunks(file, [text])
  return statistics.warnings
}
