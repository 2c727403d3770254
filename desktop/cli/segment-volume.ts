import path from 'node:path'
import type { CryoMambaClient } from '../../shared/client/api.ts'
import type { Artifact, CreateJob, Job } from '../../shared/contract/jobs.ts'
import { DomainError, errorFromEnvelope } from '../../shared/errors/domain-error.ts'
import type { CommandIo } from './command.ts'
import { ProgressReport } from './progress-report.ts'
import { sendFile, type UploadChoice } from './upload-options.ts'

export interface SegmentRequest {
  /** One file, or one for each channel of the model in its order. */
  files: readonly string[]
  mode0?: 'signed' | 'unsigned'
  model: string
  params: NonNullable<CreateJob['params']>
  /** How the files are sent. */
  choice?: UploadChoice
  /** True for a server that outlives this command. */
  isRemembered?: boolean
  chunkBytes?: number
}

/** A finished segmentation whose artifacts can be downloaded. */
export interface Segmented {
  job: Job
  artifacts: Artifact[]
}

/**
 * Uploads a volume, runs a model on it and follows the job to its end. Ctrl-C cancels the job on the server.
 * @throws {DomainError} the problem of the step that failed; `canceled`
 */
export async function segmentVolume(
  client: CryoMambaClient,
  request: SegmentRequest,
  io: CommandIo,
): Promise<Segmented> {
  const report = new ProgressReport(io)
  try {
    // A dead server, a wrong token or an unknown model is found out before gigabytes are read and sent.
    await client.info(io.signal)
    await checkRequest(client, request, io)
    const ids: string[] = []
    for (const file of request.files)
      ids.push((await sendFile(client, { ...request, file, onProgress: (now) => report.upload(now) }, io)).volume_id)
    const volumes = ids.length === 1 ? { volume_id: ids[0] } : { volume_ids: ids }
    const begun = await client.createJob({ ...volumes, model: request.model, params: request.params })
    if (begun.memory) report.memory(begun.memory)
    const job = await follow(client, begun, report, io)
    return { job, artifacts: await client.artifacts(job.job_id) }
  } finally {
    report.end()
  }
}

/** @throws {DomainError} `model_not_found`, `model_channels`, `patch_not_divisible` */
async function checkRequest(client: CryoMambaClient, request: SegmentRequest, io: CommandIo): Promise<void> {
  const model = (await client.models(io.signal)).find((one) =>
    [one.id, `${one.id}@${one.version}`].includes(request.model),
  )
  if (!model) throw new DomainError('model_not_found', { model: request.model })
  const [expected, found] = [model.channels.length, request.files.length]
  if (expected !== found) throw new DomainError('model_channels', { model: model.id, expected, found })
  const divisibleByZyx = model.divisible_by_zyx
  const patchZyx = request.params.patch_zyx
  if (patchZyx?.some((size, axis) => size % divisibleByZyx[axis] !== 0))
    throw new DomainError('patch_not_divisible', { patchZyx, divisibleByZyx })
}

async function follow(client: CryoMambaClient, begun: Job, report: ProgressReport, io: CommandIo): Promise<Job> {
  let previews = 0
  report.tiles(begun.progress, previews)
  try {
    const job = await client.watchJob(begun.job_id, {
      onFrame: (frame) => {
        if (frame.type === 'progress') report.tiles(frame.data, previews)
        if (frame.type === 'state' && frame.data.state === 'paused') report.paused(begun.job_id)
      },
      onPreview: () => {
        previews++
      },
      signal: io.signal,
    })
    if (job.state === 'completed') return job
    if (job.error) throw errorFromEnvelope(job.error)
    throw new DomainError('canceled')
  } catch (error) {
    if (io.signal.aborted) await client.cancelJob(begun.job_id).catch(() => undefined)
    throw error
  }
}

/** Which of the server's mask files fits the wanted ending. */
const MASK_BY_ENDING: readonly (readonly [RegExp, string])[] = [
  [/\.(mrc|rec|map|ccp4|st)$/i, 'mask.mrc'],
  [/\.nii\.gz$/i, 'mask.nii.gz'],
  [/\.nii$/i, 'mask.nii.gz'],
  [/\.nrrd$/i, 'mask.nrrd'],
]

/** The artifact for an output file. @throws {DomainError} `format_unknown` for an ending that no mask has */
export function maskArtifact(artifacts: readonly Artifact[], out: string): Artifact {
  const name = maskNameFor(out)
  const found = artifacts.find((artifact) => artifact.name === name)
  if (!found) throw new DomainError('artifact_not_found', { name })
  return found
}

/** Name of the mask artifact for an output file. @throws {DomainError} `format_unknown` */
export function maskNameFor(out: string): string {
  const found = MASK_BY_ENDING.find(([ending]) => ending.test(out))
  if (found) return found[1]
  const message = `${path.basename(out)} has no ending of a mask file.`
  throw new DomainError('format_unknown', { message, hint: 'Use .mrc, .nii, .nii.gz or .nrrd.' })
}
