import { DomainError } from '../errors/domain-error.ts'
import { type ReportPicture, reportPage } from '../formats/report-page.ts'
import { scaleBar } from '../formats/scale-bar.ts'
import { defaultColor, parseColor } from '../mask/label-colors.ts'
import { LabelStatistics } from '../mask/label-statistics.ts'
import type { VolumeHeader, VolumeWarning, VoxelSource } from '../volume/header.ts'
import { toFloat32 } from '../volume/voxel-values.ts'
import type { Zyx } from '../volume/zyx.ts'
import { drawOverlay } from './pictures/overlay-picture.ts'
import { encodePng } from './pictures/png.ts'
import { robustWindow } from './pictures/slice-picture.ts'
import type { TakenMask } from './take-away.ts'
import { writeChunks } from './write-export.ts'

const PICTURE_PX = 900

/** Planes of the report: across which axis, and what runs down (upwards) and across the picture. */
const PLANES = [
  { name: 'XY', across: 0, rows: 1, columns: 2 },
  { name: 'XZ', across: 1, rows: 0, columns: 2 },
  { name: 'YZ', across: 2, rows: 0, columns: 1 },
] as const

export interface ReportInput {
  mask: TakenMask
  /** The volume that the mask lies on. Not closed. */
  volume: VoxelSource
  volumeName: string
  /** Written into the page. */
  provenance: Record<string, unknown>
  programVersion: string
}

/**
 * Writes a one-page HTML report that needs no other file: the slice across each axis that holds most of the mask (the middle
 * one of an empty mask), measures of each label, the volume, the provenance.
 * @throws {DomainError} `mask_grid_differs`, `file_unwritable`, what the sources throw
 */
export async function writeReport(file: string, input: ReportInput): Promise<{ warnings: VolumeWarning[] }> {
  const { mask, volume, volumeName } = input
  const { header } = volume
  if (mask.header.shapeZyx.join() !== header.shapeZyx.join()) {
    const reason = `it has ${[...mask.header.shapeZyx].reverse().join(' × ')} voxels, not ${[...header.shapeZyx].reverse().join(' × ')}`
    throw new DomainError('mask_grid_differs', { name: 'The mask', reason })
  }
  const { statistics, places } = await measure(mask)
  const frame = statistics.frame()
  const labels = statistics
    .values()
    .filter((value) => value !== 0)
    .map((value) => ({ ...named(mask, value), ...statistics.label(value) }))
  const page = reportPage({
    title: `Segmentation of ${volumeName}`,
    writtenAt: new Date().toISOString(),
    program: `CryoMamba ${input.programVersion}`,
    pictures: await drawPictures(input, places, new Map(labels.map((one) => [one.value, parseColor(one.color)]))),
    labels,
    volumeUnit: frame.volume_unit,
    areaUnit: frame.area_unit,
    facts: factsOf(header, volumeName),
    warnings: [...header.warnings, ...statistics.warnings],
    provenance: input.provenance,
  })
  await writeChunks(file, [page])
  return { warnings: statistics.warnings }
}

function named(mask: TakenMask, value: number) {
  const found = mask.labels.find((one) => one.value === value)
  return { value, name: found?.name ?? `label ${value}`, color: found?.color ?? defaultColor(value) }
}

/** Measures, and along each axis the plane with most foreground. */
async function measure(mask: TakenMask): Promise<{ statistics: LabelStatistics; places: Zyx }> {
  const { shapeZyx } = mask.header
  const [, ny, nx] = shapeZyx
  const statistics = new LabelStatistics(mask.header)
  const counts = shapeZyx.map((size) => new Float64Array(size))
  let z = 0
  for await (const plane of mask.planes()) {
    statistics.add(plane)
    for (let y = 0, at = 0; y < ny; y++)
      for (let x = 0; x < nx; x++, at++)
        if (plane[at] !== 0) {
          counts[0][z]++
          counts[1][y]++
          counts[2][x]++
        }
    z++
  }
  const places = counts.map((along) => {
    const most = along.reduce((best, count) => Math.max(best, count), 0)
    return most === 0 ? Math.floor(along.length / 2) : along.indexOf(most)
  })
  return { statistics, places: places as unknown as Zyx }
}

type Colors = ReadonlyMap<number, readonly [number, number, number]>

async function drawPictures({ mask, volume }: ReportInput, places: Zyx, colors: Colors): Promise<ReportPicture[]> {
  const { header } = volume
  const labels = await labelPlanes(mask, places)
  const size = header.voxelSizeZyx ?? [1, 1, 1]
  const pictures: ReportPicture[] = []
  for (const [index, { name, across, rows, columns }] of PLANES.entries()) {
    const start = places.map((at, axis) => (axis === across ? at : 0)) as unknown as Zyx
    const shape = header.shapeZyx.map((length, axis) => (axis === across ? 1 : length)) as unknown as Zyx
    const values = toFloat32(await volume.readBox(start, shape), header.dtype, header.scaling)
    const picture = drawOverlay({
      values,
      labels: labels[index],
      sizeYx: [header.shapeZyx[rows], header.shapeZyx[columns]],
      spacingYx: [size[rows], size[columns]],
      longestPx: PICTURE_PX,
      window: robustWindow(values),
      colors,
    })
    const bar = scaleBar(header.shapeZyx[columns] * size[columns], header.voxelSizeZyx && header.unit)
    const png = Buffer.from(encodePng(picture.rgb, picture.width, picture.height))
    pictures.push({
      title: `${name}, ${'zyx'[across]} = ${places[across]}`,
      dataUrl: `data:image/png;base64,${png.toString('base64')}`,
      width: picture.width,
      height: picture.height,
      bar: bar && { pixels: bar.length * picture.pixelsPerUnit, text: bar.text },
    })
  }
  return pictures
}

/** Labels of the three planes, from one pass over the mask. */
async function labelPlanes(mask: TakenMask, [placeZ, placeY, placeX]: Zyx): Promise<Uint16Array[]> {
  const [nz, ny, nx] = mask.header.shapeZyx
  const [xy, xz, yz] = [new Uint16Array(ny * nx), new Uint16Array(nz * nx), new Uint16Array(nz * ny)]
  let z = 0
  for await (const plane of mask.planes()) {
    if (z === placeZ) xy.set(plane)
    xz.set(plane.subarray(placeY * nx, (placeY + 1) * nx), z * nx)
    for (let y = 0; y < ny; y++) yz[z * ny + y] = plane[y * nx + placeX]
    z++
  }
  return [xy, xz, yz]
}

function factsOf(header: VolumeHeader, name: string): [string, string][] {
  const triple = (values: Zyx) =>
    [...values]
      .reverse()
      .map((value) => Number(value.toPrecision(6)))
      .join(' × ')
  const { voxelSizeZyx: size, unit } = header
  return [
    ['File', name],
    ['Format', header.format],
    ['Voxels (x × y × z)', triple(header.shapeZyx)],
    ['Voxel size (x × y × z)', size ? `${triple(size)} ${unit ?? '(unit unknown)'}` : 'unknown'],
    ['Type', header.dtype],
  ]
}
