import path from 'node:path'
import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { labelsOnLevel } from '../../../shared/mask/label-level.ts'
import { blockGridShape, type LabelArray } from '../../../shared/mask/preview-rule.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import {
  type DisplayOrientation,
  displayOrientation,
  orientVoxels,
  toDisplayAxes,
} from '../../../shared/volume/display-orientation.ts'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import { reverseTriple, type Xyz, type Zyx } from '../../../shared/volume/zyx.ts'
import type { ServicePreview } from '../volume-service-messages.ts'
import { type FullPlane, type PlaneRequest, readFullPlane } from './full-planes.ts'
import type { Level } from './level.ts'
import type { LevelLimits } from './level-store.ts'
import { asLabels, maskOnLevel } from './mask-level.ts'
import { plainNumbers } from './plain-numbers.ts'
import type { Pyramid } from './pyramid.ts'

// Enough for every field and label of a header; text of extended headers may be megabytes.
const MOST_TEXT = 8000

type ShownLabels =
  | { kind: 'preview'; runRef: string; preview: ServicePreview }
  | { kind: 'mask'; runRef: string; source: VoxelSource }

export interface LabelLevel {
  runRef: string
  stage: ServicePreview['stage'] | 'final'
  bin: number
  shapeZyx: [number, number, number]
  voxels: LabelArray
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
    const { fileAxisXyz, isFlippedXyz } = this.orientation
    const fileAxis = fileAxisXyz[displayAxis] as 0 | 1 | 2
    const size = reverseTriple(this.source.header.shapeZyx)[fileAxis]
    const along = Math.min(size - 1, request.index)
    const index = isFlippedXyz[displayAxis] ? size - 1 - along : along
    const { range, bricks, isChunked, signal } = this.pyramid
    if (!range) return null
    const at = { ...request, fileAxis, index }
    const plane = await readFullPlane({ source: this.source, range, bricks, isChunked }, at, signal)
    return plane && this.orientPlane(plane, fileAxis)
  }

  /** A plane as a volume of one plane, turned like every other. */
  private orientPlane({ shape: [rows, columns], codes }: FullPlane, fileAxis: 0 | 1 | 2): FullPlane {
    const shapeZyx: [number, number, number] =
      fileAxis === 2 ? [1, rows, columns] : fileAxis === 1 ? [rows, 1, columns] : [rows, columns, 1]
    const turned = orientVoxels(codes, shapeZyx, this.orientation)
    const shown = toDisplayAxes(reverseTriple(shapeZyx), this.orientation)
    const displayAxis = this.orientation.fileAxisXyz.indexOf(fileAxis)
    const [width, height] = shown.filter((_, axis) => axis !== displayAxis)
    return { shape: [height, width], codes: turned }
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
    return asLabels(await this.labels.source.readBox(indexZyx, [1, 1, 1]))[0]
  }

  showPreview(runRef: string, preview: ServicePreview): Promise<void> {
    return this.replaceLabels({ kind: 'preview', runRef, preview })
  }

  /** Shows a mask file. @throws {DomainError} `format_header_invalid` when it is not on this volume's grid */
  async showMask(runRef: string, file: string): Promise<void> {
    const source = await openVolumeFile(file)
    const [found, wanted] = [source.header.shapeZyx, this.source.header.shapeZyx]
    if (found.some((size, axis) => size !== wanted[axis])) {
      await source.close()
      const reason = `it has ${found.join(' × ')} voxels (z, y, x), the volume has ${wanted.join(' × ')}`
      throw new DomainError('format_header_invalid', { name: path.basename(file), reason })
    }
    await this.replaceLabels({ kind: 'mask', runRef, source })
  }

  clearLabels(): Promise<void> {
    return this.replaceLabels(null)
  }

  /** The labels on the grid of the current level; null without labels or before the first level. */
  async labelLevel(): Promise<LabelLevel | null> {
    const { labels, bin } = this
    if (!labels || bin === null) return null
    const shape = this.source.header.shapeZyx
    const levelShape = blockGridShape(shape, bin)
    const at = { runRef: labels.runRef, bin, shapeZyx: this.displayShape(levelShape) }
    const turned = (voxels: LabelArray) => orientVoxels(voxels, levelShape, this.orientation)
    if (labels.kind === 'mask') return { ...at, stage: 'final', voxels: turned(await maskOnLevel(labels.source, bin)) }
    const { stage, factor, voxels } = labels.preview
    return { ...at, stage, voxels: turned(labelsOnLevel(voxels, factor, shape, bin, true)) }
  }

  async close(): Promise<void> {
    await this.pyramid.close()
    await this.clearLabels()
    await this.source.close()
  }

  private async replaceLabels(next: ShownLabels | null): Promise<void> {
    const before = this.labels
    this.labels = next
    if (before?.kind === 'mask') await before.source.close()
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
