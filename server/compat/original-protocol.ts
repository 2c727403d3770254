import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { closed, Id } from '../../shared/contract/common.ts'
import { type Job, JobState } from '../../shared/contract/jobs.ts'
import { DomainError, errorFromEnvelope } from '../../shared/errors/domain-error.ts'
import { TurnQueue } from '../../shared/node/turn-queue.ts'
import type { ServerConfig } from '../config.ts'
import { describeDevices, type GpuProbe } from '../devices/gpu-inventory.ts'
import type { ArtifactLinks } from '../jobs/artifact-links.ts'
import type { JobService } from '../jobs/job-service.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import { BUNDLED_MODEL_IDS, DEFAULT_MODEL } from '../package-facts.ts'
import { PROBLEM_REPLIES } from '../routes/schemas.ts'
import { uploadOnWire } from '../routes/wire.ts'
import type { UploadService, UploadView } from '../uploads/upload-service.ts'

/** Everything that the original CryoMamba protocol says in other words is put into ours here, and nowhere else. */
export interface OriginalProtocolNeeds {
  config: Pick<ServerConfig, 'devices' | 'maxChunkBytes'>
  uploads: UploadService
  jobs: JobService
  models: ModelRegistry
  links: ArtifactLinks
  probeGpus: GpuProbe
}

type Fields = Record<string, unknown>

/** Room for the lines around the bytes of a multipart body. */
const ENVELOPE_BYTES = 16 * 1024

/** Multipart parts are held in memory, for their hash comes with nobody: so many at once. */
const MOST_PARTS = 4

/** The original's `complete` answers with the file; so long it is waited for. */
const VERIFY_MS = 100_000

/** So many requests of one user are held for that at once; the others are answered with the state as it is. */
const MOST_WAITS = 4
const LOOK_MS = 200

/** Jobs that a list may pass over. Who looks further back pages with a cursor, which costs the same on every page. */
const MOST_SKIPPED = 10_000

const PART_ROUTE = '/v1/uploads/:uploadId/part/:partIndex'
const JobParams = Type.Object({ jobId: Id })
const StartBody = Type.Object({ start_inference: Type.Literal(true) }, closed)

/** Registers the original's forms and routes; must come before the routes whose bodies it puts into other words. */
export function addOriginalProtocol(app: FastifyInstance, needs: OriginalProtocolNeeds): void {
  takeMultipartParts(app, needs)
  const waits = new Map<string, number>()
  app.addHook('preValidation', async (request, reply) => {
    switch (`${request.method} ${request.routeOptions.url}`) {
      case 'POST /v1/uploads/init':
        return initInOurWords(request, reply, needs)
      case 'POST /v1/uploads/:uploadId/complete':
        return completeInOurWords(request, reply, needs, waits)
      case 'POST /v1/jobs':
        return jobInOurWords(request, reply, needs)
      case 'GET /v1/jobs':
        return listInOurWords(request, reply, needs)
    }
  })
  addOwnRoutes(app, needs)
}

/** Fields under our names; a field under both names is refused, so that nobody wonders which one counted. */
function renamed(fields: Fields, names: Readonly<Record<string, string>>): Fields {
  const twice = Object.entries(names).find(([theirs, ours]) => theirs in fields && ours in fields)
  if (twice) throw new DomainError('request_invalid', { reason: `${twice[0]} and ${twice[1]} say the same twice` })
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [names[name] ?? name, value]))
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Sends names that the schema of the route does not know. */
const answer = (reply: FastifyReply, status: number, body: Fields) =>
  reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body))

const without = (fields: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))

// Uploads

async function initInOurWords(request: FastifyRequest, reply: FastifyReply, { uploads }: OriginalProtocolNeeds) {
  if (!isFields(request.body)) return
  const asked = renamed(request.body, { total_size_bytes: 'total_size', chunk_size_bytes: 'chunk_size' })
  const { checksum_alg: algorithm, expected_checksum: expected, upload_id: uploadId } = asked
  if (algorithm !== undefined && algorithm !== null && String(algorithm).toLowerCase().replace('-', '') !== 'sha256')
    throw new DomainError('request_invalid', { reason: 'checksum_alg must be sha256' })
  if (typeof uploadId === 'string')
    return answer(reply, 200, originalUpload(await uploads.get(request.owner, uploadId)))
  request.body = {
    ...without(asked, ['checksum_alg', 'expected_checksum', 'upload_id', 'content_type']),
    ...(typeof expected === 'string' ? { sha256: plainHash(expected) } : {}),
  }
}

/** `sha256:…` or the digits alone, small letters. */
const plainHash = (text: string): string => text.replace(/^sha256:/i, '').toLowerCase()

/** An upload with the original's names beside ours. */
function originalUpload(view: UploadView): Fields {
  const ours = uploadOnWire(view)
  const isCompleted = ours.state === 'completed'
  const names = { chunk_size_bytes: ours.chunk_size, resume_parts: ours.received_parts, completed: isCompleted }
  const file = ours.volume ? { file_id: ours.volume.volume_id } : {}
  return { ...ours, ...names, ...file, progress: ours.received_parts.length / ours.total_parts }
}

/** The original waits for the file, which it then names in its jobs; ours answers at once and is asked again. */
async function completeInOurWords(
  request: FastifyRequest,
  reply: FastifyReply,
  { uploads }: OriginalProtocolNeeds,
  waits: Map<string, number>,
) {
  const { body, owner } = request
  if (!isFields(body) || !('checksum' in body || 'parts' in body)) return
  const extra = Object.keys(without(body, ['checksum', 'parts']))
  if (extra.length > 0)
    throw new DomainError('request_invalid', { reason: `body has the unknown field ${extra.join(', ')}` })
  const { uploadId } = request.params as { uploadId: string }
  const announced = typeof body.checksum === 'string' ? plainHash(body.checksum) : undefined
  let view = await uploads.complete(owner, uploadId, announced)
  const numWaiting = waits.get(owner) ?? 0
  if (numWaiting < MOST_WAITS) {
    waits.set(owner, numWaiting + 1)
    try {
      const endMs = Date.now() + VERIFY_MS
      const mayWait = () => view.record.state === 'verifying' && Date.now() < endMs && !reply.raw.destroyed
      for (; mayWait(); await delay(LOOK_MS)) view = await uploads.get(owner, uploadId)
    } finally {
      const left = (waits.get(owner) ?? 1) - 1
      if (left > 0) waits.set(owner, left)
      else waits.delete(owner)
    }
  }
  const { volume, record } = view
  if (record.error) throw errorFromEnvelope(record.error)
  if (!volume) return answer(reply, 202, originalUpload(view))
  return answer(reply, 200, {
    ...originalUpload(view),
    status: 'completed',
    size: volume.sizeBytes,
    checksum: `sha256:${volume.sha256}`,
    created_at: volume.createdAt,
  })
}

/** Parts as a form with the field `content`, as the original's program sends them. */
function takeMultipartParts(app: FastifyInstance, { config, uploads }: OriginalProtocolNeeds): void {
  const slots = new TurnQueue(MOST_PARTS)
  app.addContentTypeParser('multipart/form-data', (request: FastifyRequest, payload: IncomingMessage, done) => {
    if (request.routeOptions.url !== PART_ROUTE)
      return done(new DomainError('media_type_unsupported', { mediaType: 'multipart/form-data' }))
    done(null, payload)
  })
  app.addHook('preHandler', async (request, reply) => {
    const type = request.headers['content-type'] ?? ''
    if (request.routeOptions.url !== PART_ROUTE || !type.startsWith('multipart/form-data')) return
    const { uploadId, partIndex } = request.params as { uploadId: string; partIndex: number }
    // Whoever may not write here need not be listened to.
    await uploads.get(request.owner, uploadId)
    await slots.take(async () => {
      const form = await gathered(request.body as IncomingMessage, config.maxChunkBytes + ENVELOPE_BYTES)
      const bytes = contentOf(form, type)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const part = { partIndex, sha256, lengthBytes: bytes.length, body: inOneChunk(bytes) }
      await uploads.receivePart(request.owner, uploadId, part)
      const ours = { upload_id: uploadId, part_index: partIndex, received_bytes: bytes.length, sha256 }
      answer(reply, 200, { status: 'ok', received_part: partIndex, ...ours })
    })
    return reply
  })
}

async function* inOneChunk(bytes: Buffer): AsyncIterable<Uint8Array> {
  yield bytes
}

/** @throws {DomainError} `payload_too_large` */
async function gathered(body: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let found = 0
  for await (const chunk of body) {
    found += chunk.length
    if (found > mostBytes) throw new DomainError('payload_too_large', { limitBytes: mostBytes })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Bytes of the only field, `content`, of a form (RFC 7578). @throws {DomainError} `request_invalid` */
function contentOf(form: Buffer, contentType: string): Buffer {
  const refuse = (reason: string) => new DomainError('request_invalid', { reason })
  const found = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(contentType)
  if (!found) throw refuse('the form names no boundary')
  const boundary = `--${found[1] ?? found[2]}`
  const headEnd = form.indexOf('\r\n\r\n')
  const head = form.subarray(0, Math.max(0, headEnd)).toString('latin1')
  if (headEnd < 0 || !head.startsWith(`${boundary}\r\n`)) throw refuse('the form does not begin with its boundary')
  if (!/content-disposition:\s*form-data;[^\r\n]*\bname="?content"?(?:;|\r|$)/i.test(head))
    throw refuse('the form must have the field content and no other')
  const end = form.indexOf(`\r\n${boundary}`, headEnd + 4)
  const after = form.subarray(end + boundary.length + 2, end + boundary.length + 4).toString('latin1')
  if (end < 0 || after !== '--') throw refuse('the form must have the field content and no other, to its end')
  return form.subarray(headEnd + 4, end)
}

// Jobs

async function jobInOurWords(
  request: FastifyRequest,
  reply: FastifyReply,
  needs: OriginalProtocolNeeds,
): Promise<void> {
  if (!isFields(request.body)) return
  const coded = without(request.body, ['has_volume', 'volume_shape', 'volume_dtype'])
  const asked = renamed(coded, { file_id: 'volume_id', preview_config: 'preview' })
  const given: Fields = isFields(asked.params) ? asked.params : {}
  const { upload_id: uploadId, ...named } = given
  if (typeof uploadId === 'string') {
    asked.volume_id = await volumeOf(request.owner, uploadId, needs)
    asked.model ??= onlyModel(needs.models)
  }
  if (isFields(asked.params)) asked.params = paramsInOurWords(named, asked.model, needs.models)
  if (isFields(asked.preview)) asked.preview = renamed(asked.preview, { downsample_factor: 'factor' })
  const isOriginal = JSON.stringify(asked) !== JSON.stringify(request.body)
  request.body = asked
  if (isOriginal) reply.serializer((job) => (typeof job === 'string' ? job : JSON.stringify(originalJob(job as Job))))
}

async function volumeOf(owner: string, uploadId: string, { uploads }: OriginalProtocolNeeds): Promise<string> {
  const { volume, record } = await uploads.get(owner, uploadId)
  if (volume) return volume.volumeId
  throw new DomainError('request_invalid', { reason: `the upload is ${record.state}, complete it first` })
}

/** The coded form names no model: it had one. A server with no others than the bundled ones has a default. */
function onlyModel(models: ModelRegistry): string {
  const ids = models.list().map(({ manifest }) => manifest.id)
  if (ids.length === 1) return ids[0]
  if (ids.includes(DEFAULT_MODEL) && ids.every((id) => BUNDLED_MODEL_IDS.includes(id))) return DEFAULT_MODEL
  throw new DomainError('request_invalid', { reason: 'model must be named, the server has more than one' })
}

/** Names of parameters; what has no counterpart of the same meaning stays and is refused by name. */
function paramsInOurWords(params: Fields, model: unknown, models: ModelRegistry): Fields {
  const { disable_tta: isPlain, use_tta: isMirrored, overlap_percent: overlap, dummy_inference: isDummy } = params
  const ours = renamed(without(params, ['disable_tta', 'use_tta', 'overlap_percent', 'dummy_inference']), {
    patch_size: 'patch_zyx',
    step_size: 'step',
    save_probabilities: 'probability',
  })
  if (isDummy === true) throw new DomainError('request_invalid', { reason: 'dummy_inference makes no real mask' })
  const mirrors = isMirrored === true || isPlain === false
  const axes = mirrors && typeof model === 'string' ? models.get(model).manifest.mirror_axes_allowed : []
  return {
    ...ours,
    ...(typeof overlap === 'number' ? { step: 1 - overlap / 100 } : {}),
    ...(mirrors ? { mirror_axes: axes } : {}),
  }
}

/** `pending` is what the original called a queued job; `cancelled` is the other spelling. */
const STATE_NAMES: Readonly<Record<string, string>> = { pending: 'queued', cancelled: 'canceled' }

/** Pages by number and filters by state, which our own clients do not ask for. */
async function listInOurWords(request: FastifyRequest, reply: FastifyReply, { jobs }: OriginalProtocolNeeds) {
  const { status, offset, limit, ...others } = request.query as Record<string, string | undefined>
  if ((status === undefined && offset === undefined) || Object.keys(others).length > 0) return
  const [skip, most] = [Number(offset ?? 0), Number(limit ?? 50)]
  const isWhole = Number.isSafeInteger(skip) && Number.isSafeInteger(most)
  if (!(isWhole && skip >= 0 && skip <= MOST_SKIPPED && most >= 1 && most <= 200)) {
    const reason = `offset or limit is out of range (offset 0 to ${MOST_SKIPPED}, limit 1 to 200)`
    throw new DomainError('request_invalid', { reason })
  }
  const wanted = status === undefined ? [] : [stateOf(status)]
  const found = await jobs.list(request.owner, { limit: most, skip, states: wanted })
  return answer(reply, 200, { jobs: found.map(originalJob), next_cursor: null })
}

/** @throws {DomainError} `request_invalid` */
function stateOf(status: string): JobState {
  const name = STATE_NAMES[status] ?? status
  const state = JobState.anyOf.find((one) => one.const === name)?.const
  if (!state) throw new DomainError('request_invalid', { reason: `status ${status} is no state of a job` })
  return state
}

/** A job with the original's names beside ours. */
function originalJob(job: Job): Fields {
  const { queue_position: position, seconds_left: seconds } = job.progress
  return { ...job, status: job.state, queue_position: position, estimated_duration_seconds: seconds }
}

// Addresses that only the original has

function addOwnRoutes(app: FastifyInstance, { uploads, jobs, links, config, probeGpus }: OriginalProtocolNeeds): void {
  const anything = Type.Object({}, { additionalProperties: true })
  app.get(
    '/v1/uploads/:uploadId/status',
    { schema: { params: Type.Object({ uploadId: Id }), response: { 200: anything, ...PROBLEM_REPLIES } } },
    async (request) =>
      originalUpload(await uploads.get(request.owner, (request.params as { uploadId: string }).uploadId)),
  )
  // A job starts as soon as a device is free; the second step of the original has nothing left to do.
  app.put(
    '/v1/jobs/:jobId',
    { schema: { params: JobParams, body: StartBody, response: { 200: anything, ...PROBLEM_REPLIES } } },
    async (request) => originalJob(await jobs.get(request.owner, (request.params as { jobId: string }).jobId)),
  )
  app.get(
    '/v1/jobs/:jobId/artifacts/:name',
    { schema: { params: Type.Object({ jobId: Id, name: Type.String({ maxLength: 64 }) }) } },
    async (request, reply) => {
      const { jobId, name } = request.params as { jobId: string; name: string }
      const artifact = (await jobs.artifacts(request.owner, jobId)).find((one) => one.name === name)
      if (!artifact) throw new DomainError('artifact_not_found', { name })
      return reply.redirect(links.make(jobId, artifact, request.owner).url, 302)
    },
  )
  app.get('/v1/gpu/status', { schema: { response: { 200: anything, ...PROBLEM_REPLIES } } }, async () => ({
    gpus: (await describeDevices(config.devices, probeGpus)).map((device) => ({
      device_id: device.deviceId,
      name: device.name,
      memory_total: device.memoryTotalBytes,
      memory_used: device.memoryUsedBytes,
      utilization: device.utilisationPercent,
    })),
  }))
}
