import path from 'node:path'
import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { labelsOnLevel } from '../../../shared/mask/label-level.ts'
import { blockGridShape, type LabelArray } from '../../../shared/mask/preview-rule.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import { reverseTriple, type Xyz, type Zyx } from '../../../shared/volume/zyx.ts'
import type { ServicePreview } from '../volume-service-messages.ts'
import type { ValueRange } from './block-mean.ts'
import { buildLevel, type Level } from './build-level.ts'
import { binThatFits } from './level-plan.ts'
import { asLabels, maskOnLevel } from './mask-level.ts'
import { plainNumbers } from './plain-numbers.ts'
import { robustRange } from './value-range.ts'

export interface LevelLimits {
  maxVoxels: number
  maxAxis: number
}

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
 * One open file: its voxels, the level on show and the labels over it.
 * `level` is built when the window first asks; labels follow whatever level is current. The opener closes it.
 */
export class OpenVolume {
  readonly ref: string
  readonly source: VoxelSource
  private range: ValueRange | null = null
  private bin: number | null = null
  private labels: ShownLabels | null = null
  private readonly stopReading = new AbortController()

  constructor(ref: string, source: VoxelSource) {
    this.ref = ref
    this.source = source
  }

  describe(file: string, sizeBytes: number): Omit<OpenedVolume, 'mode0'> {
    const { header } = this.source
    return {
      volume_ref: this.ref,
      name: path.basename(file),
      size_bytes: sizeBytes,
      format: header.format,
      shape_zyx: [...header.shapeZyx],
      num_volumes: header.numVolumes,
      dtype: header.dtype,
      voxel_size_zyx: header.voxelSizeZyx && [...header.voxelSizeZyx],
      unit: header.unit,
      affine: [...header.affine],
      warnings: header.warnings.map(({ code, message }) => ({ code, message })),
    }
  }

  /** The finest level within the limits. @throws {DomainError} `canceled` when the volume is closed meanwhile */
  async level(limits: LevelLimits, onProgress: (donePlanes: number) => void): Promise<Level> {
    const { signal } = this.stopReading
    this.range ??= await robustRange(this.source, signal)
    const bin = binThatFits(this.source.header.shapeZyx, limits.maxVoxels, limits.maxAxis)
    const level = await buildLevel(this.source, bin, this.range, onProgress, signal)
    this.bin = bin
    return level
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
    const at = { runRef: labels.runRef, bin, shapeZyx: blockGridShape(shape, bin) }
    if (labels.kind === 'mask') return { ...at, stage: 'final', voxels: await maskOnLevel(labels.source, bin) }
    const { stage, factor, voxels } = labels.preview
    return { ...at, stage, voxels: labelsOnLevel(voxels, factor, shape, bin, true) }
  }

  async close(): Promise<void> {
    this.stopReading.abort()
    await this.clearLabels()
    await this.source.close()
  }

  private async replaceLabels(next: ShownLabels | null): Promise<void> {
    const before = this.labels
    this.labels = next
    if (before?.kind === 'mask') await before.source.close()
  }
}

function isInside(indexZyx: Zyx, shapeZyx: Zyx): boolean {
  return indexZyx.every((index, axis) => index >= 0 && index < shapeZyx[axis])
}
