import { freemem } from 'node:os'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import {
  BYTES_PER_CORNER,
  MOST_CORNERS,
  numCorners,
  robustHausdorff,
  surfaceDice,
  surfaceDistances,
} from '../../../shared/mask/distances.ts'
import { labelsOf } from '../../../shared/mask/label-values.ts'
import { dice, intersectionOverUnion, type LabelOverlap, OverlapCounter } from '../../../shared/mask/overlap.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import type { LengthUnit, VolumeHeader, VoxelSource } from '../../../shared/volume/header.ts'
import { inUnit } from '../../../shared/volume/length-units.ts'
import { placesApartVox, statedPlace } from '../../../shared/volume/stated-place.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'

/** Voxels of each mask read at once. */
const CHUNK_VOXELS = 4 * 1024 * 1024

/** Corners that are measured where there is memory: about 800 along each side, some minutes and 4 GB. */
const MOST_CORNERS_WITH_MEMORY = 512 * 1024 * 1024

/** Relative difference of voxel sizes above which two grids are not the same. */
const SAME_SIZE = 1e-3

/** Measures of one label; the masks are called mask (what is judged) and reference (what is true). */
export interface LabelEvaluation {
  label: number
  /** Voxels. */
  counts: { mask: number; reference: number; both: number }
  dice: number | null
  iou: number | null
  /** Share of the mask that is right; null where the mask lacks the label. */
  precision: number | null
  /** Share of the reference that was found; null where the reference lacks the label. */
  recall: number | null
  /** Null where the label is too large for distances. */
  surface_dice: number | null
  /** In `unit`; null where a mask lacks the label, or the label is too large for distances. */
  hd95: number | null
  /** Why a measure that there could be is null; absent where none is. */
  note?: string
}

/** How masks are compared. */
export interface EvaluateOptions {
  /** For surface Dice, in nm for files in Å, else the files' unit; default: twice the longest voxel axis. */
  tolerance?: number
  /** Corners of a label's box above which it has no distances; default: `MOST_CORNERS`, more where memory is free. */
  mostCorners?: number
  /** Compares voxel by voxel where the files state different places or orientations. */
  ignoresPlace?: boolean
  signal?: AbortSignal
}

export interface Evaluation {
  shape_zyx: Zyx
  /** In `unit`. */
  voxel_size_zyx: Zyx
  unit: string
  tolerance: number
  /** False where `places_note` says why it is not known that the files put the same voxel at the same place. */
  places_compared: boolean
  places_note?: string
  labels: LabelEvaluation[]
}

/** `evaluate`: how well a mask agrees with a reference mask on the same grid. */
export const evaluateCommand: Command = {
  name: 'evaluate',
  usage: 'MASK REFERENCE [--json] [--tolerance T] [--ignore-place]',
  summary:
    'Compares two masks label by label: Dice, IoU, precision, recall, surface Dice within T (default two voxels), HD95; lengths in nm for files in Å, else in their unit.',
  run: async (args, io) => {
    const { values, positionals } = readArguments(args, {
      json: { type: 'boolean' },
      tolerance: { type: 'string' },
      'ignore-place': { type: 'boolean' },
    })
    if (positionals.length !== 2) throw new DomainError('usage', { reason: 'evaluate takes a mask and a reference.' })
    const tolerance = values.tolerance === undefined ? undefined : readTolerance(values.tolerance)
    const options = { tolerance, ignoresPlace: values['ignore-place'], signal: io.signal }
    const found = await evaluateMasks(positionals[0], positionals[1], options)
    if (values.json) io.out(JSON.stringify(found))
    else for (const line of asText(found)) io.out(line)
  },
}

/**
 * Measures of every foreground label in either mask.
 * @throws {DomainError} `format_*`, `canceled`, `request_invalid` for different grids or voxels that are no labels
 */
export async function evaluateMasks(
  maskFile: string,
  referenceFile: string,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { signal } = options
  const mask = await openVolumeFile(maskFile, { signal })
  try {
    const reference = await openVolumeFile(referenceFile, { signal })
    try {
      return await evaluateSources(mask, reference, options)
    } finally {
      await reference.close()
    }
  } finally {
    await mask.close()
  }
}

async function evaluateSources(
  mask: VoxelSource,
  reference: VoxelSource,
  { tolerance, mostCorners, ignoresPlace, signal }: EvaluateOptions,
): Promise<Evaluation> {
  const { spacingZyx, unit } = commonGrid(mask.header, reference.header)
  const placesNote = ignoresPlace
    ? 'places and orientations are ignored, as asked'
    : checkPlaces(mask.header, reference.header)
  const within = tolerance ?? 2 * Math.max(...spacingZyx)
  const { counter, boxes } = await countLabels(mask, reference, signal)
  const pair: MaskPair = { mask, reference, spacingZyx, tolerance: within, mostCorners, signal }
  const labels: LabelEvaluation[] = []
  for (const [label, box] of [...boxes].sort(([a], [b]) => a - b)) {
    if (signal?.aborted) throw new DomainError('canceled')
    const overlap = counter.overlap(label)
    labels.push({
      label,
      counts: { mask: overlap.inFirst, reference: overlap.inSecond, both: overlap.inBoth },
      dice: dice(overlap),
      iou: intersectionOverUnion(overlap),
      precision: overlap.inFirst === 0 ? null : overlap.inBoth / overlap.inFirst,
      recall: overlap.inSecond === 0 ? null : overlap.inBoth / overlap.inSecond,
      ...(await distancesOf(overlap, box, pair)),
    })
  }
  const grid = { shape_zyx: mask.header.shapeZyx, voxel_size_zyx: spacingZyx, unit, tolerance: within }
  const places = { places_compared: placesNote === null, ...(placesNote === null ? {} : { places_note: placesNote }) }
  return { ...grid, ...places, labels }
}

/** Spacing in nm for Å, else in the files' unit; in voxels where neither file knows its size. */
function commonGrid(mask: VolumeHeader, reference: VolumeHeader): { spacingZyx: Zyx; unit: string } {
  const refuse = (what: string, first: string, second: string) =>
    new DomainError('request_invalid', { reason: `the masks have the ${what} ${first} and ${second}` })
  const triple = (zyx: Zyx | null) => zyx?.map((value) => Number(value.toPrecision(6))).join(' × ') ?? 'unknown'
  if (mask.shapeZyx.join() !== reference.shapeZyx.join())
    throw refuse('shapes', triple(mask.shapeZyx), triple(reference.shapeZyx))
  const [first, second] = [physicalSize(mask), physicalSize(reference)]
  const isSame =
    first.kind === second.kind &&
    first.lengthZyx.every(
      (size, i) => Math.abs(size - second.lengthZyx[i]) <= SAME_SIZE * Math.abs(second.lengthZyx[i]),
    )
  if (!isSame)
    throw refuse('voxel sizes', `${triple(first.sizeZyx)} ${first.unit}`, `${triple(second.sizeZyx)} ${second.unit}`)
  return { spacingZyx: second.sizeZyx, unit: second.unit }
}

/**
 * Where both files say where their voxels are, and how they are turned, they say the same.
 * @returns why that cannot be told; null where they say the same
 * @throws {DomainError} `request_invalid` where they do not
 */
function checkPlaces(mask: VolumeHeader, reference: VolumeHeader): string | null {
  const [one, other] = [statedPlace(mask), statedPlace(reference)]
  if (!one || !other) {
    const silent = [one ? [] : ['the mask'], other ? [] : ['the reference']].flat()
    return `places were not compared, because ${silent.join(' and ')} ${silent.length > 1 ? 'state' : 'states'} none`
  }
  const apart = placesApartVox(one, other, mask.shapeZyx)
  if (apart === null) return 'places were not compared, because the files state them in different frames or units'
  if (apart === 0) return null
  const reason = `the files place the same voxel up to ${apart.toPrecision(3)} voxels apart: one is shifted, flipped or turned`
  const hint = 'Bring both onto one grid first, or compare voxel by voxel with --ignore-place.'
  throw new DomainError('request_invalid', { reason, hint })
}

interface PhysicalSize {
  sizeZyx: Zyx
  unit: string
  /** To compare with: ångström where the unit is known. Lengths of two kinds are never the same. */
  lengthZyx: Zyx
  kind: 'angstrom' | 'voxels' | 'unknown'
}

function physicalSize({ voxelSizeZyx, unit }: VolumeHeader): PhysicalSize {
  if (!voxelSizeZyx) return { sizeZyx: [1, 1, 1], unit: 'voxel', lengthZyx: [1, 1, 1], kind: 'voxels' }
  if (!unit) return { sizeZyx: voxelSizeZyx, unit: 'unknown', lengthZyx: voxelSizeZyx, kind: 'unknown' }
  const sizeIn = (other: LengthUnit) => voxelSizeZyx.map((size) => inUnit(size, unit, other)) as unknown as Zyx
  const shown = unit === 'angstrom' ? 'nm' : unit
  return { sizeZyx: sizeIn(shown), unit: shown, lengthZyx: sizeIn('angstrom'), kind: 'angstrom' }
}

/** First and last voxel of a label in either mask. */
interface Box {
  first: [number, number, number]
  last: [number, number, number]
}

async function countLabels(mask: VoxelSource, reference: VoxelSource, signal?: AbortSignal) {
  const [nz, ny, nx] = mask.header.shapeZyx
  const counter = new OverlapCounter()
  const boxes = new Map<number, Box>()
  const chunk = Math.max(1, Math.floor(CHUNK_VOXELS / (ny * nx)))
  for (let z = 0; z < nz; z += chunk) {
    const numPlanes = Math.min(chunk, nz - z)
    const slabs: Uint16Array[] = []
    for (const source of [mask, reference])
      slabs.push(labelsOf(await source.readSlab(z, numPlanes, signal), source.header))
    counter.add(slabs[0], slabs[1])
    for (const slab of slabs) growBoxes(boxes, slab, z, [ny, nx])
  }
  return { counter, boxes }
}

function growBoxes(boxes: Map<number, Box>, slab: Uint16Array, zStart: number, [ny, nx]: [number, number]): void {
  for (let i = 0; i < slab.length; ) {
    const label = slab[i]
    const row = Math.floor(i / nx)
    const rowEnd = (row + 1) * nx
    let end = i + 1
    while (end < rowEnd && slab[end] === label) end++
    if (label !== 0) growBox(boxes, label, [zStart + Math.floor(row / ny), row % ny, i - row * nx], end - i)
    i = end
  }
}

function growBox(boxes: Map<number, Box>, label: number, at: [number, number, number], length: number): void {
  const end = [at[0], at[1], at[2] + length - 1] as [number, number, number]
  const box = boxes.get(label)
  if (!box) return void boxes.set(label, { first: [...at], last: end })
  for (let axis = 0; axis < 3; axis++) {
    if (at[axis] < box.first[axis]) box.first[axis] = at[axis]
    if (end[axis] > box.last[axis]) box.last[axis] = end[axis]
  }
}

/** Two masks on one grid, and how their surfaces are compared. */
interface MaskPair {
  mask: VoxelSource
  reference: VoxelSource
  spacingZyx: Zyx
  tolerance: number
  mostCorners?: number
  signal?: AbortSignal
}

type DistanceMeasures = Pick<LabelEvaluation, 'surface_dice' | 'hd95' | 'note'>

/** The measures that need distances, within the box around the label in both masks. */
async function distancesOf(overlap: LabelOverlap, { first, last }: Box, pair: MaskPair): Promise<DistanceMeasures> {
  const { inFirst, inSecond, inBoth } = overlap
  if (inFirst === 0 || inSecond === 0) return { surface_dice: 0, hd95: null }
  if (inBoth === inFirst && inBoth === inSecond) return { surface_dice: 1, hd95: 0 }
  const shape: Zyx = [last[0] - first[0] + 1, last[1] - first[1] + 1, last[2] - first[2] + 1]
  const mostCorners = pair.mostCorners ?? cornersThatFit()
  const without = (why: string) => {
    const note = `no distances: the box of ${shape.join(' × ')} voxels around the label ${why}`
    return { surface_dice: null, hd95: null, note }
  }
  if (numCorners(shape) > mostCorners)
    return without(
      `has ${numCorners(shape)} corners; with the memory that is free here ${mostCorners} are measured at most`,
    )
  try {
    const inside = (source: VoxelSource) => insideOf(source, overlap.label, first, shape, pair.signal)
    const masks = [await inside(pair.mask), await inside(pair.reference)]
    const distances = surfaceDistances(masks[0], masks[1], shape, pair.spacingZyx, mostCorners)
    return { surface_dice: surfaceDice(distances, pair.tolerance), hd95: robustHausdorff(distances) }
  } catch (error) {
    // What the JavaScript engine throws where the memory for an array is not there.
    if (error instanceof RangeError) return without(`could not be measured: ${error.message}`)
    throw error
  }
}

/** Corners that half of the free memory holds with both masks, but never fewer than `MOST_CORNERS`. */
function cornersThatFit(): number {
  const fitting = Math.floor(freemem() / 2 / (BYTES_PER_CORNER + 2))
  return Math.max(MOST_CORNERS, Math.min(fitting, MOST_CORNERS_WITH_MEMORY))
}

/** 1 where a box of a mask has the label, 0 elsewhere; read a few planes at a time. */
async function insideOf(source: VoxelSource, label: number, start: Zyx, shape: Zyx, signal?: AbortSignal) {
  const [nz, ny, nx] = shape
  const inside = new Uint8Array(nz * ny * nx)
  const chunk = Math.max(1, Math.floor(CHUNK_VOXELS / (ny * nx)))
  for (let z = 0; z < nz; z += chunk) {
    const box: Zyx = [Math.min(chunk, nz - z), ny, nx]
    const labels = labelsOf(await source.readBox([start[0] + z, start[1], start[2]], box, signal), source.header)
    for (let i = 0, to = z * ny * nx; i < labels.length; i++, to++) if (labels[i] === label) inside[to] = 1
  }
  return inside
}

function readTolerance(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw new DomainError('usage', { reason: `--tolerance takes a length of 0 or more, not ${text}.` })
}

function asText({ unit, tolerance, places_note, labels }: Evaluation): string[] {
  const show = (value: number | null) => (value === null ? '–' : value.toFixed(4))
  const within = `${Number(tolerance.toPrecision(6))} ${unit}`
  if (labels.length === 0) return ['Neither mask has a label.']
  const lines = labels.map(
    (one) =>
      `Label ${one.label}: Dice ${show(one.dice)}, IoU ${show(one.iou)}, precision ${show(one.precision)}, recall ${show(one.recall)}, surface Dice within ${within} ${show(one.surface_dice)}, HD95 ${show(one.hd95)} ${unit}; voxels ${one.counts.mask} in the mask, ${one.counts.reference} in the reference, ${one.counts.both} in both${one.note ? `; ${one.note}` : ''}`,
  )
  return places_note ? [...lines, `Note: ${places_note}.`] : lines
}
