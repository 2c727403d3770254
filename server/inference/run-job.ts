import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { PreviewHeader } from '../../shared/contract/live.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { VolumeWarning, VoxelSource } from '../../shared/volume/header.ts'
import { RunningStatistics, type ValueStatistics } from '../../shared/volume/running-statistics.ts'
import { toFloat32 } from '../../shared/volume/voxel-values.ts'
import { croppedSource, nonzeroBox, UncroppedPlanes, type VoxelBox } from './cropped-source.ts'
import { makeDecoder, type PlaneWindow, type WeightOf } from './decode-plane.ts'
import { asksForFilter, filterObjects } from './filter-objects.ts'
import { LabelFile } from './label-file.ts'
import type { JobDescription, RunEvents, RunOutcome } from './messages.ts'
import { modelGrid, spacingWarnings, tiledShape } from './model-grid.ts'
import { checkModelIsSupported } from './model-limits.ts'
import type { NetworkSession, SessionFactory } from './network-session.ts'
import { makeNormaliser, sharesOf } from './normalise.ts'
import { SourcePlanes } from './plane-stream.ts'
import { newLabels, PreviewBuilder } from './preview-builder.ts'
import { QuantileFinder } from './quantile-finder.ts'
import { LogitsBack, ResampledPlanes } from './resampled-planes.ts'
import { planSlidingWindow, runSlidingWindow } from './sliding-window.ts'
import { TileClock } from './tile-clock.ts'
import { writeArtifacts } from './write-artifacts.ts'

export interface RunDependencies {
  openVolume: (path: string, options: { mode0?: 'signed' | 'unsigned'; signal?: AbortSignal }) => Promise<VoxelSource>
  createSession: SessionFactory
  engine: string
}

/** More non-finite voxels than this share and the volume is refused: its statistics would mean nothing. */
const MOST_NONFINITE_SHARE = 0.1

/** Voxels measured at once. */
const STATISTICS_CHUNK_VOX = 4 * 1024 * 1024

/** Progress messages at most this often. */
const PROGRESS_INTERVAL_MS = 200

/**
 * Runs one job from volume to finished files in the attempt's folder.
 * @throws {DomainError} `canceled`, `model_*`, `format_*`, `volume_not_finite`, `output_not_finite`, `out_of_memory`
 */
export async function runJob(
  job: JobDescription,
  events: RunEvents,
  deps: RunDependencies,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const startedAt = new Date()
  checkModelIsSupported(job.model.manifest)
  await mkdir(job.outFolder, { recursive: true })
  const source = await deps.openVolume(job.volume.path, { mode0: job.volume.mode0, signal })
  try {
    const session = await deps.createSession({
      modelPath: path.join(job.model.folder, job.model.manifest.onnx.file),
      manifest: job.model.manifest,
      provider: job.params.provider,
      threads: job.params.threads,
    })
    try {
      return await new Run(job, events, source, session, deps.engine, startedAt, signal).toEnd()
    } finally {
      await session.release()
    }
  } finally {
    await source.close()
  }
}

/** One attempt: statistics → sliding window (labels, previews) → files. */
class Run {
  private readonly warnings: VolumeWarning[] = []
  private numPreviews = 0
  private lastPreviewMs = Number.NEGATIVE_INFINITY
  private lastProgressMs = Number.NEGATIVE_INFINITY
  private readonly job: JobDescription
  private readonly events: RunEvents
  private readonly source: VoxelSource
  /** The part of the source that the network sees; written by `segment` only. */
  private cropped: VoxelSource
  private readonly session: NetworkSession
  private readonly engine: string
  private readonly startedAt: Date
  private readonly signal: AbortSignal

  constructor(
    job: JobDescription,
    events: RunEvents,
    source: VoxelSource,
    session: NetworkSession,
    engine: string,
    startedAt: Date,
    signal: AbortSignal,
  ) {
    this.job = job
    this.events = events
    this.source = source
    this.cropped = source
    this.session = session
    this.engine = engine
    this.startedAt = startedAt
    this.signal = signal
  }

  async toEnd(): Promise<RunOutcome> {
    const { manifest } = this.job.model
    this.warnings.push(...this.source.header.warnings, ...spacingWarnings(manifest, this.source.header))
    const dtype = Math.max(...manifest.labels.map((label) => label.value)) <= 254 ? 'uint8' : 'uint16'
    const labels = await this.newLabelFile('labels.raw.partial', dtype)
    try {
      const preview = await this.segment(labels)
      if (!asksForFilter(manifest)) return await this.finish(labels, preview)
      const filtered = await this.newLabelFile('filtered.raw.partial', dtype)
      try {
        await filterObjects(labels, filtered, manifest)
        return await this.finish(filtered, preview && (await previewOf(filtered, preview.factor)))
      } finally {
        await this.dropLabelFile(filtered, 'filtered.raw.partial')
      }
    } finally {
      await this.dropLabelFile(labels, 'labels.raw.partial')
    }
  }

  private async newLabelFile(name: string, dtype: 'uint8' | 'uint16'): Promise<LabelFile> {
    const file = path.join(this.job.outFolder, name)
    await rm(file, { force: true })
    return LabelFile.create(file, this.source.header.shapeZyx, dtype)
  }

  private async dropLabelFile(labels: LabelFile, name: string): Promise<void> {
    await labels.close()
    await rm(path.join(this.job.outFolder, name), { force: true })
  }

  /** Labels of the whole volume into the file, with previews on the way. @returns the preview of the finished labels */
  private async segment(labels: LabelFile): Promise<PreviewBuilder | null> {
    const { manifest } = this.job.model
    const { params } = this.job
    const box = manifest.crop.nonzero ? await nonzeroBox(this.source, this.signal) : wholeOf(this.source)
    this.cropped = croppedSource(this.source, box)
    const [rule] = manifest.normalization
    const statistics = await this.measure(rule.use_nonzero_mask)
    const quantiles = await this.findQuantiles(sharesOf(rule))
    const normalise = makeNormaliser(rule, statistics, (share) => quantiles.quantile(share))
    const factor = params.preview_factor
    const preview = factor === null ? null : new PreviewBuilder(labels.shapeZyx, factor, labels.dtype)
    const grid = modelGrid(manifest, this.cropped.header)
    const open = () => new SourcePlanes(this.cropped, normalise)
    const planes = grid ? await ResampledPlanes.create(open, grid, this.signal) : open()
    const clock = new TileClock(planSlidingWindow(planes.shapeZyx, params).grid.numTiles)
    this.events.progress(clock.progress())
    const decode = makeDecoder(manifest)
    const back = grid && new LogitsBack(grid, box.shapeZyx, manifest.output.channels)
    const whole = new UncroppedPlanes(box, labels, async (plane) => {
      await labels.append(plane)
      preview?.add(plane)
    })
    const boxPlane = newLabels(labels.dtype, box.shapeZyx[1] * box.shapeZyx[2])
    const finish = async (sums: Float32Array, weights: WeightOf, window: PlaneWindow) => {
      decode(sums, weights, window, boxPlane)
      await whole.add(boxPlane)
    }
    await runSlidingWindow(
      { planes, session: this.session, manifest, params, signal: this.signal },
      {
        tileDone: () => this.reportProgress(clock),
        planeDone: async (sums, weights, window) => {
          if (!back) return finish(sums, weights, window)
          for (const logits of back.push(sums, weights, window)) await finish(logits, () => 1, back.window)
        },
        rowDone: async () => {
          if (preview && preview.coverage > 0) await this.sendPreview(preview, 'final_planes')
        },
      },
    )
    await whole.end()
    return preview
  }

  /** One pass over the volume for mean, deviation, range and what is not finite. */
  private async measure(isNonzeroOnly: boolean): Promise<ValueStatistics> {
    const { header } = this.cropped
    const statistics = new RunningStatistics(isNonzeroOnly)
    for await (const values of this.values()) statistics.add(values)
    const result = statistics.result()
    const share = result.nonfinite / (header.shapeZyx[0] * header.shapeZyx[1] * header.shapeZyx[2])
    if (share > MOST_NONFINITE_SHARE) throw new DomainError('volume_not_finite', { share: (share * 100).toFixed(1) })
    if (result.nonfinite > 0) {
      const message = `${result.nonfinite} voxels are NaN or infinite; they were taken as the mean of the others.`
      this.warnings.push({ code: 'voxels_not_finite', message })
    }
    if (result.std === 0)
      this.warnings.push({ code: 'volume_constant', message: 'All voxels have the same value; the mask means little.' })
    return result
  }

  /** Two more passes where the normalisation needs quantiles; none where it does not. */
  private async findQuantiles(shares: number[]): Promise<QuantileFinder> {
    const finder = new QuantileFinder(shares)
    if (shares.length === 0) return finder
    for await (const values of this.values()) finder.addFirst(values)
    finder.beginSecond()
    for await (const values of this.values()) finder.addSecond(values)
    return finder
  }

  /** All voxels in file units, in chunks of planes. */
  private async *values(): AsyncGenerator<Float32Array> {
    const { header } = this.cropped
    const [sizeZ, sizeY, sizeX] = header.shapeZyx
    const chunk = Math.max(1, Math.floor(STATISTICS_CHUNK_VOX / (sizeY * sizeX)))
    for (let z = 0; z < sizeZ; z += chunk) {
      const stored = await this.cropped.readSlab(z, Math.min(chunk, sizeZ - z), this.signal)
      yield toFloat32(stored, header.dtype, header.scaling)
    }
  }

  private reportProgress(clock: TileClock): void {
    const progress = clock.tileDone()
    const nowMs = performance.now()
    if (nowMs - this.lastProgressMs < PROGRESS_INTERVAL_MS && progress.tilesDone < progress.tilesTotal) return
    this.lastProgressMs = nowMs
    this.events.progress(progress)
  }

  private async sendPreview(preview: PreviewBuilder, stage: PreviewHeader['stage']): Promise<void> {
    const nowMs = performance.now()
    const isDue = nowMs - this.lastPreviewMs >= this.job.params.preview_interval_seconds * 1000
    if (stage !== 'postprocessed' && !isDue) return
    this.lastPreviewMs = nowMs
    const [header, payload] = await preview.snapshot(stage, this.job.model.manifest.labels)
    this.numPreviews++
    this.events.preview(header, payload)
  }

  private async finish(labels: LabelFile, preview: PreviewBuilder | null): Promise<RunOutcome> {
    if (preview) await this.sendPreview(preview, 'postprocessed')
    const plan = planSlidingWindow(tiledShape(this.job.model.manifest, this.cropped.header), this.job.params)
    const result = {
      seconds: 0,
      tiles: plan.grid.numTiles,
      forwards: plan.numForwards,
      previews: this.numPreviews,
      labels: Object.fromEntries(
        this.job.model.manifest.labels.map(({ value }) => [String(value), labels.counts.get(value) ?? 0]),
      ),
      mask_sha256: labels.sha256(),
      mask_dtype: labels.dtype,
    }
    const artifacts = await writeArtifacts({
      job: this.job,
      header: this.source.header,
      labels,
      warnings: this.warnings,
      engine: this.engine,
      startedAt: this.startedAt,
      signal: this.signal,
    })
    result.seconds = (Date.now() - this.startedAt.getTime()) / 1000
    return { result, artifacts, warnings: this.warnings }
  }
}

/** The preview of a complete label map. */
async function previewOf(labels: LabelFile, factor: number): Promise<PreviewBuilder> {
  const [sizeZ, sizeY, sizeX] = labels.shapeZyx
  const preview = new PreviewBuilder(labels.shapeZyx, factor, labels.dtype)
  for (let z = 0; z < sizeZ; z++) preview.add(await labels.readBox([z, 0, 0], [1, sizeY, sizeX]))
  return preview
}

function wholeOf({ header }: VoxelSource): VoxelBox {
  return { startZyx: [0, 0, 0], shapeZyx: header.shapeZyx }
}
