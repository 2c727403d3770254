import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { EffectiveParams, JobResult } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { VolumeWarning, VoxelSource } from '../../shared/volume/header.ts'
import { type AxisOrder, chooseAxisOrder, isSameAxes, regionPlace, reordered, reorderedPlace } from './axis-order.ts'
import { checkpointIdentity } from './checkpoint.ts'
import type { VoxelBox } from './cropped-source.ts'
import type { ScratchTiles } from './draft.ts'
import { type DraftPass, runDraft } from './draft-pass.ts'
import { asksForFilter, DEFAULT_NEIGHBOURS, filterObjects, type ObjectRules } from './filter-objects.ts'
import { LabelFile, labelDtype } from './label-file.ts'
import { type Measuring, measureFile, measureHere, type StartMeasuring } from './measuring.ts'
import { heldBytes } from './memory-plan.ts'
import { asMemoryProblem } from './memory-problem.ts'
import type { JobDescription, RunEvents, RunOutcome } from './messages.ts'
import { manifestAlong, spacingWarnings } from './model-grid.ts'
import { checkModelIsSupported } from './model-limits.ts'
import { fixedBatch } from './network-facts.ts'
import type { NetworkSession, SessionFactory } from './network-session.ts'
import { OutputFiles, type Outputs } from './output-files.ts'
import { prepareInput } from './prepare-input.ts'
import { PreviewBuilder, previewOf } from './preview-builder.ts'
import { reorderedSource } from './reordered-source.ts'
import { RunReports } from './run-reports.ts'
import { checkSameGrid } from './same-grid.ts'
import { type FinishedPlane, Segmenter } from './segmenter.ts'
import { StageClock } from './stage-clock.ts'
import { folderCache, NO_CACHE } from './statistics-cache.ts'
import { shallKeep } from './stop-reason.ts'
import { TileClock } from './tile-clock.ts'
import { type OpenVolume, withSources } from './with-sources.ts'
import { writeArtifacts } from './write-artifacts.ts'

export interface RunDependencies {
  openVolume: OpenVolume
  createSession: SessionFactory
  engine: string
  /** Where masks are measured; in the same thread where nothing is said. */
  startMeasuring?: StartMeasuring
}

/** A device that cannot be used, or has too little memory, leaves what is finished right. */
function saysNothingOfPlanes(error: unknown): boolean {
  const problem = asMemoryProblem(error, 'The job')
  return problem instanceof DomainError && ['provider_unavailable', 'out_of_memory'].includes(problem.code)
}

/** Finished planes are put on the disk this often, so that a lost worker or server costs no more. */
const SAVE_INTERVAL_MS = 30_000

/**
 * Runs one job from volumes to finished files in the attempt's folder.
 * @throws {DomainError} `canceled`, `model_*`, `format_*`, `volume_changed`, `volume_not_finite`, `volumes_not_on_one_grid`,
 * `output_not_finite`, `out_of_memory`
 */
export async function runJob(
  job: JobDescription,
  events: RunEvents,
  deps: RunDependencies,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const startedAt = new Date()
  const volumes = [job.volume, ...(job.moreVolumes ?? [])]
  checkModelIsSupported(job.model.manifest, volumes.length)
  await mkdir(job.outFolder, { recursive: true })
  return withSources(volumes, deps.openVolume, signal, async (sources) => {
    checkSameGrid(sources.map(({ header }, i) => ({ header, name: volumes[i].filename })))
    // The network loads while the volume is measured.
    const opening = deps.createSession({
      modelPath: path.join(job.model.folder, job.model.manifest.onnx.file),
      manifest: job.model.manifest,
      provider: job.params.provider,
      threads: job.params.threads,
    })
    opening.catch(() => undefined)
    const values = job.model.manifest.labels.map(({ value }) => value)
    // Only these words go to another thread: extended headers can be large.
    const { shapeZyx, voxelSizeZyx, unit, affine } = sources[0].header
    const header = { shapeZyx, voxelSizeZyx, unit, affine }
    const measuring = (deps.startMeasuring ?? measureHere)({ header, values })
    try {
      return await new Run({ job, events, sources, opening, measuring, engine: deps.engine, startedAt, signal }).toEnd()
    } catch (error) {
      const headers = sources.map(({ header }) => header)
      throw asMemoryProblem(error, 'The job', () => heldBytes(job, headers))
    } finally {
      await measuring.close()
      await (await opening.catch(() => null))?.release()
    }
  })
}

interface RunNeeds {
  job: JobDescription
  events: RunEvents
  sources: VoxelSource[]
  opening: Promise<NetworkSession>
  measuring: Measuring
  engine: string
  startedAt: Date
  signal: AbortSignal
}

/** One attempt: statistics → draft where it is asked for → sliding window (labels, previews) → files. */
class Run {
  private readonly warnings: VolumeWarning[] = []
  private lastSaveMs = performance.now()
  private tilesResumed = 0
  private readonly needs: RunNeeds
  private readonly clock = new StageClock()
  private readonly reports: RunReports
  private readonly order: AxisOrder
  private readonly dtype: 'uint8' | 'uint16'
  /** Those in effect. */
  private params: EffectiveParams

  constructor(needs: RunNeeds) {
    this.needs = needs
    const { job, events } = needs
    const previewIntervalMs = job.params.preview_interval_seconds * 1000
    this.reports = new RunReports(events, job.model.manifest.labels, previewIntervalMs)
    this.params = needs.job.params
    const { manifest } = needs.job.model
    const { patch_zyx: patch, roi_zyx: roi } = needs.job.params
    this.order = chooseAxisOrder(manifest, regionPlace(needs.sources[0].header, roi), patch)
    this.dtype = labelDtype(manifest.labels.map(({ value }) => value))
  }

  async toEnd(): Promise<RunOutcome> {
    const { job, sources } = this.needs
    const { manifest } = job.model
    const placed = reorderedPlace(sources[0].header, manifest.axes.transpose_forward)
    this.warnings.push(
      ...(job.earlierWarnings ?? []),
      ...sources[0].header.warnings,
      ...spacingWarnings(manifest, placed, !job.params.roi_zyx && !manifest.crop.nonzero),
    )
    const growing = await OutputFiles.open({
      folder: job.outFolder,
      shapeZyx: sources[0].header.shapeZyx,
      dtype: this.dtype,
      ofFile: this.order.ofFile,
      keepsProbability: job.params.probability !== false || job.params.threshold !== undefined,
      identity: checkpointIdentity(job, this.needs.engine),
      signal: this.needs.signal,
    })
    let isKept = false
    try {
      return await this.produce(growing)
    } catch (error) {
      const isToGoOn = shallKeep(this.needs.signal)
      // Where that fails, what was saved before is right all the same.
      if (isToGoOn) await growing.save().catch((reason) => console.error(reason))
      isKept = isToGoOn || saysNothingOfPlanes(error)
      throw error
    } finally {
      await growing.close(isKept)
    }
  }

  private async withFile<T>(name: string, dtype: 'uint8' | 'uint16', use: (file: LabelFile) => Promise<T>): Promise<T> {
    const location = path.join(this.needs.job.outFolder, name)
    await rm(location, { force: true })
    const file = await LabelFile.create(location, this.needs.sources[0].header.shapeZyx, dtype)
    try {
      return await use(file)
    } finally {
      await file.close()
      await rm(location, { force: true })
    }
  }

  private async produce(growing: OutputFiles): Promise<RunOutcome> {
    const outputs = growing.files
    const { preview, plan } = await this.segment(growing)
    const rules = this.objectRules()
    if (!asksForFilter(rules)) return this.finish(outputs, plan, preview)
    return this.withFile('filtered.raw.partial', this.dtype, async (filtered) => {
      await filterObjects(outputs.labels, filtered, rules)
      const shown = preview && (await previewOf(filtered, preview.factor))
      return this.finish({ ...outputs, labels: filtered }, plan, shown)
    })
  }

  /** Where the planes that come are those of the mask, in its order, they are measured on the way. */
  private measuresPlanes(): boolean {
    return isSameAxes(this.order.ofFile) && !asksForFilter(this.objectRules())
  }

  private objectRules(): ObjectRules {
    const { model, params } = this.needs.job
    const { keep_largest: keepLargest, smallest_object_voxels: smallest } = model.manifest.postprocess
    const { smallest_object_voxels: smallestVoxels = smallest, neighbours = DEFAULT_NEIGHBOURS } = params
    return { keepLargest, smallestVoxels, neighbours }
  }

  /** Labels of the whole volume into the files, with previews on the way. */
  private async segment(growing: OutputFiles) {
    const { job } = this.needs
    const manifest = manifestAlong(job.model.manifest, this.order.ofModel)
    const sources = this.needs.sources.map((source) => reorderedSource(source, this.order.ofFile))
    const shape = sources[0].header.shapeZyx
    const { input, session } = await this.prepare(sources, manifest)
    const onDevice = (session.warnings ?? []).map((message) => ({ code: 'not_all_on_device', message }))
    this.warnings.push(...onDevice, ...input.warnings)
    this.obey(session)
    const { params } = this
    const { signal } = this.needs
    const segmenter = new Segmenter({
      ...{ input, order: this.order, shape, dtype: this.dtype, manifest, params, session, clock: this.clock, signal },
      ...(params.spill ? { ringFile: path.join(job.outFolder, 'ring.partial') } : { blendThreads: job.blendThreads }),
    })
    this.tilesResumed = segmenter.tilesBefore(growing.numRestored)
    const clock = new TileClock(segmenter.plan.grid.numTiles, this.tilesResumed)
    this.needs.events.progress(clock.progress())
    const tileDone = (isNew: boolean) => isNew && this.reports.tileDone(clock)
    const factor = params.preview_factor
    const preview = factor === null ? null : new PreviewBuilder(shape, factor, this.dtype, this.order.ofFile)
    const measuring = this.measuresPlanes() ? this.needs.measuring : null
    const see = async ({ labels }: FinishedPlane) => {
      await measuring?.add(labels)
      preview?.add(labels)
    }
    await growing.restore(see)
    const hasPlanes = growing.numRestored > 0
    if (preview) await this.reports.preview(preview, 'final_planes')
    // What was there before is seen already, and what the draft kept is gone.
    const store = params.draft && !hasPlanes ? await this.draft({ segmenter, shape, tileDone }) : null
    const plane = async (finished: FinishedPlane) => {
      await growing.add(finished)
      await see(finished)
    }
    const rowDone = async () => {
      if (preview) await this.reports.preview(preview, 'final_planes')
      await this.saveNowAndThen(growing)
    }
    try {
      const tiles = { ...(store ? { store } : {}), numKnown: growing.numRestored }
      await segmenter.pass(growing.files.probability !== null, { tileDone, plane, rowDone }, tiles)
    } finally {
      await store?.close()
    }
    return { preview, plan: segmenter.plan }
  }

  /** Where the draft kept its outputs; null where there was none, which a warning says. */
  private async draft(pass: Pick<DraftPass, 'segmenter' | 'shape' | 'tileDone'>): Promise<ScratchTiles | null> {
    const { reports, dtype } = this
    const { store, warning } = await runDraft({
      ...pass,
      ...{ job: this.needs.job, reports, dtype, ofFile: this.order.ofFile },
    })
    if (warning) this.warnings.push(warning)
    return store
  }

  private async saveNowAndThen(growing: OutputFiles): Promise<void> {
    const interval = this.needs.job.saveIntervalMs ?? SAVE_INTERVAL_MS
    if (performance.now() - this.lastSaveMs < interval) return
    await this.clock.time('save', () => growing.saveBeside())
    this.lastSaveMs = performance.now()
  }

  /** A network written for a fixed number of tiles gets that number. */
  private obey({ tilesPerRun }: NetworkSession): void {
    const { batch = 1 } = this.params
    if (tilesPerRun === undefined || tilesPerRun === batch) return
    this.warnings.push({ code: 'batch_fixed', message: fixedBatch(tilesPerRun, batch) })
    this.params = { ...this.params, batch: tilesPerRun }
  }

  /** Measures the volume; a network that cannot be loaded ends that. */
  private async prepare(sources: VoxelSource[], manifest: ModelManifest) {
    const { opening, signal } = this.needs
    const stop = new AbortController()
    opening.catch(() => stop.abort())
    const request = { sources, manifest, roi: this.roi(), cache: this.cache() }
    const measure = () => prepareInput({ ...request, signal: AbortSignal.any([signal, stop.signal]) })
    try {
      return { input: await this.clock.time('measure', measure), session: await opening }
    } catch (error) {
      // Where both failed, the network is the reason.
      await opening
      throw error
    }
  }

  private roi(): VoxelBox | null {
    const { roi_zyx: roi } = this.needs.job.params
    if (!roi) return null
    const place = (values: [number, number, number]) => reordered(values, this.order.ofFile)
    const [z, y, x] = roi
    return { startZyx: place([z[0], y[0], x[0]]), shapeZyx: place([z[1] - z[0], y[1] - y[0], x[1] - x[0]]) }
  }

  private cache() {
    const { cacheFolder, volume, moreVolumes = [], model } = this.needs.job
    const volumes = [volume, ...moreVolumes].map(({ sha256, mode0, filename }) => [sha256, mode0, filename])
    if (!cacheFolder || volumes.some(([sha256]) => !sha256)) return NO_CACHE
    const { normalization, crop } = model.manifest
    return folderCache(cacheFolder, [volumes, normalization, crop, this.order.ofFile])
  }

  private async finish(outputs: Outputs, plan: Segmenter['plan'], preview: PreviewBuilder | null): Promise<RunOutcome> {
    const { job, sources, signal, engine, startedAt, measuring } = this.needs
    const { labels } = outputs
    if (signal.aborted) throw new DomainError('canceled')
    if (preview) await this.reports.preview(preview, 'postprocessed')
    const artifacts = await this.clock.time('artifacts', () =>
      writeArtifacts({
        job: { ...job, params: this.params },
        header: sources[0].header,
        ...(job.params.probability === false ? { ...outputs, probability: null, candidate: null } : outputs),
        measured: this.measuresPlanes() ? measuring.end() : measureFile(measuring, labels, signal),
        ...{ warnings: this.warnings, engine, startedAt, signal, tilesResumed: this.tilesResumed },
      }),
    )
    const result: JobResult = {
      seconds: (Date.now() - startedAt.getTime()) / 1000,
      tiles: plan.grid.numTiles,
      ...(this.tilesResumed > 0 ? { tiles_resumed: this.tilesResumed } : {}),
      forwards: plan.numForwards,
      previews: this.reports.numPreviews,
      labels: Object.fromEntries(
        job.model.manifest.labels.map(({ value }) => [String(value), labels.counts.get(value) ?? 0]),
      ),
      mask_sha256: labels.sha256(),
      mask_dtype: labels.dtype,
      stages: this.clock.result(),
    }
    return { result, artifacts, warnings: this.warnings, params: this.params }
  }
}
