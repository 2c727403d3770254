import path from 'node:path'
import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { labelsOnLevel } from '../../../shared/mask/label-level.ts'
import { blockGridShape, type LabelArray } from '../../../shared/mask/preview-rule.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import {
  type DisplayOrientation,
  displayOrientation,
  orientPlane,
  orientVoxels,
  toDisplayAxes,
} from '../../../shared/volume/display-orientation.ts'
import { compareGrids } from '../../../shared/volume/grid-difference.ts'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import { reverseTriple, type Xyz, type Zyx } from '../../../shared/volume/zyx.ts'
import type { ServicePreview } from '../volume-service-messages.ts'
import { type FullPlane, type PlaneRequest, readFullPlane } from './full-planes.ts'
import type { Level } from './level.ts'
import type { LevelLimits } from './level-store.ts'
import { plainNumbers } from './plain-numbers.ts'
import type { Pyramid } from './pyramid.ts'
import { ShownMask } from './shown-mask.ts'

// Enough for every field and label of a header; text of extended headers may be megabytes.
const MOST_TEXT = 8000
const FILE_AXES = ['x', 'y', 'z'] as const

type ShownLabels =
  | { kind: 'preview'; runRef: string; preview: ServicePreview }
  | { kind: 'mask'; runRef: string; mask: ShownMask }

/** Labels for a level, on the grid of blocks of `factor` voxels: that of the level, or a coarser one. */
export interface LabelLevel {
  runRef: string
  stage: ServicePreview['stage'] | 'final'
  bin: number
  factor: number
  shapeZyx: [number, number, number]
  voxels: LabelArray
}

/** A slice of the final mask at full resolution, in display order. */
export interface LabelPlane {
  runRef: string
  shape: [number, number]
  labels: LabelArray
}

/**
 * One open file: its voxels, its levels and the labels over it.
 * Labels follow whatever level was given last. What leaves here for the window is in display order. The opener closes it.
 */
export class OpenVolume {
  readonly ref: string
  readonly source: VoxelSource
  readonly orientation: DisplayOrientation
  readonly pyramid: Pyramid
  private bin: number | null = null
  private labels: ShownLabels | null = null

  private readonly format: OpenedVolume['format']

  /** Takes over `source`; `pyramid` is over the same source. */
  constructor(
    ref: string,
    source: VoxelSource,
    pyramid: Pyramid,
    format: OpenedVolume['format'] = source.header.format,
  ) {
    this.format = format
    this.ref = ref
    this.source = source
    this.pyramid = pyramid
    this.orientation = displayOrientation(source.header)
  }

  describe(file: string, sizeBytes: number): Omit<OpenedVolume, 'mode0'> {
    const { header } = this.source
    return {
      volume_ref: this.ref,
      name: path.basename(file),
      size_bytes: sizeBytes,
      format: this.format,
      shape_zyx: [...header.shapeZyx],
      num_volumes: header.numVolumes,
      dtype: header.dtype,
      voxel_size_zyx: header.voxelSizeZyx && [...header.voxelSizeZyx],
      unit: header.unit,
      affine: [...header.affine],
      warnings: header.warnings.map(({ code, message }) => ({ code, message })),
      header: headerEntries(header.raw),
    }
  }

  /** A first picture: the finest level within the limits where it was built before, else a sample of the file. */
  async firstLevel(limits: LevelLimits): Promise<{ level: Level; isSampled: boolean }> {
    const found = await this.pyramid.finest(limits)
    if (found) return { level: this.shown(found), isSampled: false }
    return { level: this.shown(await this.pyramid.sampled(limits)), isSampled: true }
  }

  /** The finest level within the limits; null before the file was read. */
  async finestLevel(limits: LevelLimits): Promise<Level | null> {
    const found = await this.pyramid.finest(limits)
    return found && this.shown(found)
  }

  /** A full-resolution plane across a display axis (0 = x), in display order; null where it cannot be given yet. */
  async plane(displayAxis: 0 | 1 | 2, request: Omit<PlaneRequest, 'fileAxis'>): Promise<FullPlane | null> {
    const { range, bricks, isChunked, signal } = this.pyramid
    if (!range) return null
    const at = { ...request, ...this.filePlane(displayAxis, request.index) }
    const plane = await readFullPlane({ source: this.source, range, bricks, isChunked }, at, signal)
    if (!plane) return null
    const [rows, columns] = plane.shape
    const shapeZyx: Zyx =
      at.fileAxis === 2 ? [1, rows, columns] : at.fileAxis === 1 ? [rows, 1, columns] : [rows, columns, 1]
    const { shape, voxels } = orientPlane(plane.codes, shapeZyx, at.fileAxis, this.orientation)
    return { shape, codes: voxels }
  }

  /** The final mask in a full-resolution plane, as `plane` numbers them; null while there is none. */
  async labelPlane(displayAxis: 0 | 1 | 2, displayIndex: number): Promise<LabelPlane | null> {
    if (this.labels?.kind !== 'mask') return null
    const { runRef, mask } = this.labels
    const { fileAxis, index } = this.filePlane(displayAxis, displayIndex)
    const slice = await mask.slice(FILE_AXES[fileAxis], index)
    const { shape, voxels } = orientPlane(slice.labels, slice.shapeZyx, fileAxis, this.orientation)
    return { runRef, shape, labels: voxels }
  }

  /** The file's own axis and number of a plane across a display axis. */
  private filePlane(displayAxis: 0 | 1 | 2, displayIndex: number): { fileAxis: 0 | 1 | 2; index: number } {
    const { fileAxisXyz, isFlippedXyz } = this.orientation
    const fileAxis = fileAxisXyz[displayAxis] as 0 | 1 | 2
    const size = reverseTriple(this.source.header.shapeZyx)[fileAxis]
    const along = Math.min(size - 1, displayIndex)
    return { fileAxis, index: isFlippedXyz[displayAxis] ? size - 1 - along : along }
  }

  private shown(level: Level): Level {
    this.bin = level.bin
    const voxels = orientVoxels(level.voxels, level.shapeZyx, this.orientation)
    return { ...level, voxels, shapeZyx: this.displayShape(level.shapeZyx) }
  }

  /** A shape of the file's axes along the display axes. */
  displayShape(shapeZyx: Zyx): [number, number, number] {
    return reverseTriple(toDisplayAxes(reverseTriple(shapeZyx), this.orientation))
  }

  /** The file's value at a voxel, in file units; null where it is not finite or outside. */
  async valueAt(indexXyz: Xyz): Promise<number | null> {
    const { shapeZyx, dtype, scaling } = this.source.header
    const indexZyx = reverseTriple(indexXyz)
    if (!isInside(indexZyx, shapeZyx)) return null
    const [value] = Array.from(plainNumbers(await this.source.readBox(indexZyx, [1, 1, 1]), dtype))
    const scaled = scaling ? value * scaling.slope + scaling.intercept : value
    return Number.isFinite(scaled) ? scaled : null
  }

  /** The final mask's label at a voxel; null while there is none. */
  async labelAt(indexXyz: Xyz): Promise<number | null> {
    const indexZyx = reverseTriple(indexXyz)
    if (this.labels?.kind !== 'mask' || !isInside(indexZyx, this.source.header.shapeZyx)) return null
    return this.labels.mask.labelAt(indexZyx)
  }

  showPreview(runRef: string, preview: ServicePreview): Promise<void> {
    return this.replaceLabels({ kind: 'preview', runRef, preview })
  }

  /** Shows a mask file. @throws {DomainError} `mask_grid_differs`, what `openVolumeFile` throws */
  async showMask(runRef: string, file: string): Promise<void> {
    const source = await openVolumeFile(file)
    const { refusal } = compareGrids(source.header, this.source.header)
    if (refusal) {
      await source.close()
      throw new DomainError('mask_grid_differs', { name: 'The mask of the run', reason: refusal })
    }
    await this.replaceLabels({ kind: 'mask', runRef, mask: new ShownMask(source) })
  }

  clearLabels(): Promise<void> {
    return this.replaceLabels(null)
  }

  /**
   * The labels for the current level; null without labels or before the first level. A preview that is coarser than the
   * level stays so: spread over it there are many times as many voxels, and the window can do that itself.
   */
  async labelLevel(): Promise<LabelLevel | null> {
    const { labels, bin } = this
    if (!labels || bin === null) return null
    const { shapeZyx } = this.source.header
    const at = (factor: number, stage: LabelLevel['stage'], voxels: LabelArray): LabelLevel => {
      const gridShape = blockGridShape(shapeZyx, factor)
      const turned = orientVoxels(voxels, gridShape, this.orientation)
      return { runRef: labels.runRef, stage, bin, factor, shapeZyx: this.displayShape(gridShape), voxels: turned }
    }
    if (labels.kind === 'mask') return at(bin, 'final', await labels.mask.onLevel(bin))
    const { stage, factor, voxels } = labels.preview
    if (factor > bin) return at(factor, stage, voxels)
    return at(bin, stage, labelsOnLevel(voxels, factor, shapeZyx, bin, true))
  }

  async close(): Promise<void> {
    await this.pyramid.close()
    await this.clearLabels()
    await this.source.close()
  }

  private async replaceLabels(next: ShownLabels | null): Promise<void> {
    const before = this.labels
    this.labels = next
    if (before?.kind === 'mask') await before.mask.close()
  }
}

/** A header as names and texts. A very long one (an extended header) is cut and says so. */
export function headerEntries(raw: Record<string, unknown>): { name: string; value: string }[] {
  return Object.entries(raw).map(([name, value]) => {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
    return { name, value: text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}… (${text.length} characters)` : text }
  })
}

function isInside(indexZyx: Zyx, shapeZyx: Zyx): boolean {
  return indexZyx.every((index, axis) => index >= 0 && index < shapeZyx[axis])
}
