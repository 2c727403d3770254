import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { VoxelSource } from '../../shared/volume/header.ts'
import { applyThreshold } from './decode-plane.ts'
import { asksForFilter, DEFAULT_NEIGHBOURS, filterObjects, type ObjectRules } from './filter-objects.ts'
import { LabelFile, labelDtype } from './label-file.ts'
import { maskStatistics } from './mask-report.ts'
import { measureFile, measureHere } from './measuring.ts'
import type { PostprocessOutcome, PostprocessTask } from './messages.ts'
import { newLabels } from './preview-builder.ts'
import type { RunDependencies } from './run-job.ts'
import { writeJson, writeMasks } from './write-artifacts.ts'

/**
 * Makes another mask from what a finished job kept, plane by plane, without the network: the candidates where their
 * probability reaches the threshold (or the delivered mask), then without the objects that are to go.
 * @throws {DomainError} `probability_not_kept`, `format_*`, `canceled`
 */
export async function postprocess(
  task: PostprocessTask,
  { openVolume }: Pick<RunDependencies, 'openVolume'>,
  signal: AbortSignal,
): Promise<PostprocessOutcome> {
  const { folder, name, params } = task
  const dtype = labelDtype(task.labelValues)
  const open: VoxelSource[] = []
  const scratch: LabelFile[] = []
  const partials = [`${name}.raw.partial`, `${name}.filtered.raw.partial`].map((file) => path.join(folder, file))
  const create = async (index: number, shapeZyx: VoxelSource['header']['shapeZyx']) => {
    await rm(partials[index], { force: true })
    scratch.push(await LabelFile.create(partials[index], shapeZyx, dtype))
    return scratch[scratch.length - 1]
  }
  try {
    const { mode0 } = task.volume
    const volume = await openVolume(task.volume.path, { signal, ...(mode0 ? { mode0 } : {}) })
    open.push(volume)
    const find = async (kind: string) => {
      const file = (await readdir(folder)).sort().find((one) => one.startsWith(`${kind}.`) && !one.endsWith('.partial'))
      if (!file) throw new DomainError('probability_not_kept', { jobId: path.basename(path.dirname(folder)) })
      open.push(await openVolume(path.join(folder, file), { signal }))
      return open[open.length - 1]
    }
    const { threshold } = params
    const candidate = await find(threshold === undefined ? 'mask' : 'candidate')
    const probability = threshold === undefined ? null : await find('probability')
    const kept = await create(0, candidate.header.shapeZyx)
    const [sizeZ, sizeY, sizeX] = kept.shapeZyx
    const plane = newLabels(dtype, sizeY * sizeX)
    for (let z = 0; z < sizeZ; z++) {
      if (signal.aborted) throw new DomainError('canceled')
      const best = Uint16Array.from(await candidate.readSlab(z, 1, signal), Number)
      if (probability && threshold !== undefined)
        applyThreshold(plane, Uint16Array.from(await probability.readSlab(z, 1, signal), Number), best, threshold)
      else plane.set(best)
      await kept.append(plane)
    }
    const rules: ObjectRules = {
      keepLargest: params.keep_largest ?? [],
      smallestVoxels: params.smallest_object_voxels ?? 0,
      neighbours: params.neighbours ?? DEFAULT_NEIGHBOURS,
    }
    const result = asksForFilter(rules) ? await create(1, kept.shapeZyx) : kept
    if (result !== kept) await filterObjects(kept, result, rules)
    const artifacts = await writeMasks({ folder, name, header: volume.header, labels: result, signal })
    const { labelValues: values } = task
    const measured = await measureFile(measureHere({ header: volume.header, values }), result, signal)
    const labels = values.map((value) => ({ value }))
    const statistics = maskStatistics(labels, volume.header, measured)
    const counts = Object.fromEntries(task.labelValues.map((value) => [String(value), result.counts.get(value) ?? 0]))
    const report = { schema_version: 1, params, labels: counts, mask_sha256: result.sha256(), statistics }
    artifacts.push(await writeJson(folder, `${name}.json`, report))
    return { labels: counts, maskSha256: result.sha256(), artifacts }
  } finally {
    for (const source of open) await source.close()
    for (const file of scratch) await file.close()
    for (const file of partials) await rm(file, { force: true })
  }
}
