import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { CryoMambaClient } from '../../../shared/client/api.ts'
import type { CreateJob } from '../../../shared/contract/jobs.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import { readArguments } from '../arguments.ts'
import type { Command, CommandIo } from '../command.ts'
import { formatSeconds } from '../progress-report.ts'
import { readMode0 } from '../read-mode0.ts'
import { maskArtifact, maskNameFor, segmentVolume } from '../segment-volume.ts'
import { SERVER_OPTIONS, withServer } from '../server-choice.ts'

/** The model used where none is named. */
const DEFAULT_MODEL = 'demo-cryoet-unet'

const OPTIONS = {
  ...SERVER_OPTIONS,
  out: { type: 'string' },
  model: { type: 'string' },
  patch: { type: 'string' },
  step: { type: 'string' },
  mirror: { type: 'string' },
  threads: { type: 'string' },
  mode0: { type: 'string' },
  json: { type: 'boolean' },
} as const

/** `segment`: a volume in, a mask on its grid out. */
export const segmentCommand: Command = {
  name: 'segment',
  usage:
    'FILE --out MASK [--model ID|FOLDER] [--server URL --token T] [--patch Z,Y,X] [--step 0.5] [--mirror z,y,x|none] [--threads N] [--mode0 signed|unsigned] [--json]',
  summary: 'Segments a volume, on a server or on this computer; the ending of MASK chooses its format.',
  run: async (args, io) => {
    const { values, positionals } = readArguments(args, OPTIONS)
    if (positionals.length !== 1) throw new DomainError('usage', { reason: 'segment takes one file.' })
    if (values.out === undefined) throw new DomainError('usage', { reason: 'segment needs --out MASK.' })
    const [file] = positionals
    const out = values.out
    maskNameFor(out)
    const mode0 = readMode0(values.mode0)
    const params = readParams(values)
    await checkInput(file, mode0)
    await checkOutput(out)
    const { model, modelFolders } = await chooseModel(values.model ?? DEFAULT_MODEL, values.server)
    const env: Record<string, string> =
      params.threads === undefined ? {} : { CRYOMAMBA_THREADS: String(params.threads) }
    await withServer({ server: values.server, token: values.token, modelFolders, env }, async (client) => {
      const modelId = model ?? (await idOfFolder(client, modelFolders))
      const { job, artifacts } = await segmentVolume(client, { file, mode0, model: modelId, params }, io)
      await saveMask(client, maskArtifact(artifacts, out), out, io)
      const result = job.result
      if (!result) throw new DomainError('internal')
      for (const warning of job.warnings) io.err(`Warning: ${warning.message}`)
      if (!values.json)
        return io.out(`${out}: ${result.tiles} tiles in ${formatSeconds(result.seconds)}, ${result.previews} previews`)
      const { seconds, tiles, forwards, labels, previews, mask_sha256 } = result
      io.out(JSON.stringify({ job_id: job.job_id, seconds, tiles, forwards, labels, previews, mask_sha256 }))
    })
  },
}

/** Looks at the header before a byte is sent, so that a truncated or foreign file is named at once. */
async function checkInput(file: string, mode0: 'signed' | 'unsigned' | undefined): Promise<void> {
  if (/\.(hdr|img|nhdr)(\.gz|\.bz2)?$/i.test(file)) {
    throw new DomainError('format_unsupported', {
      message: `${path.basename(file)} is one of two files that belong together, and only one is sent.`,
      hint: 'Join them first: `cryomamba convert FILE joined.nii.gz` or `joined.nrrd`.',
    })
  }
  const source = await openVolumeFile(file, mode0 ? { mode0 } : {})
  await source.close()
}

async function checkOutput(out: string): Promise<void> {
  const folder = path.dirname(path.resolve(out))
  const found = await stat(folder).catch(() => null)
  if (!found?.isDirectory())
    throw new DomainError('file_unwritable', { path: out, reason: 'its folder does not exist' })
}

/** A model is named by its id, or is a package's folder for the embedded server. */
async function chooseModel(
  named: string,
  server: string | undefined,
): Promise<{ model: string | null; modelFolders: string[] }> {
  const isFolder = existsSync(path.join(named, 'model.json'))
  if (!isFolder) {
    if (named.includes('/') || named.includes('\\'))
      throw new DomainError('model_not_found', { model: named, hint: 'The folder must hold model.json.' })
    return { model: named, modelFolders: [] }
  }
  if (server !== undefined) throw new DomainError('usage', { reason: 'A model folder works without --server only.' })
  return { model: null, modelFolders: [path.resolve(named)] }
}

/** The id of the package in a folder, as the embedded server read it. */
async function idOfFolder(client: CryoMambaClient, [folder]: string[]): Promise<string> {
  const id = readId(await readFile(path.join(folder, 'model.json'), 'utf8'))
  const isOffered = (await client.models()).some((model) => model.id === id)
  if (id !== null && isOffered) return id
  throw new DomainError('model_invalid', {
    name: path.basename(folder),
    reason: 'its server refused it; look at model.json, size and SHA-256 of the ONNX file',
  })
}

function readId(text: string): string | null {
  try {
    const { id } = JSON.parse(text)
    return typeof id === 'string' ? id : null
  } catch {
    return null
  }
}

function readParams(values: {
  patch?: string
  step?: string
  mirror?: string
  threads?: string
}): NonNullable<CreateJob['params']> {
  return {
    ...(values.patch === undefined ? {} : { patch_zyx: readTriple(values.patch) }),
    ...(values.step === undefined ? {} : { step: readNumber('--step', values.step, 0, 1) }),
    ...(values.mirror === undefined ? {} : { mirror_axes: readAxes(values.mirror) }),
    ...(values.threads === undefined ? {} : { threads: readWhole('--threads', values.threads) }),
  }
}

function readTriple(text: string): [number, number, number] {
  const sizes = text.split(/[,x]/).map((part) => readWhole('--patch', part.trim()))
  if (sizes.length !== 3) throw new DomainError('usage', { reason: '--patch takes three sizes Z,Y,X.' })
  return sizes as [number, number, number]
}

function readAxes(text: string): ('z' | 'y' | 'x')[] {
  if (text === 'none' || text === '') return []
  return text.split(',').map((axis) => {
    if (axis === 'z' || axis === 'y' || axis === 'x') return axis
    throw new DomainError('usage', { reason: `--mirror takes z, y, x or none, not ${axis}.` })
  })
}

function readWhole(name: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new DomainError('usage', { reason: `${name} takes whole numbers above 0, not ${text}.` })
}

function readNumber(name: string, text: string, above: number, most: number): number {
  const value = Number(text)
  if (text.trim() !== '' && value > above && value <= most) return value
  throw new DomainError('usage', { reason: `${name} takes a number above ${above} and at most ${most}, not ${text}.` })
}

/** Downloads the mask; `.nii` is unpacked from the server's `.nii.gz`. */
async function saveMask(
  client: CryoMambaClient,
  artifact: Parameters<CryoMambaClient['downloadArtifact']>[0],
  out: string,
  io: CommandIo,
): Promise<void> {
  await mkdir(path.dirname(path.resolve(out)), { recursive: true })
  if (!/\.nii$/i.test(out)) return client.downloadArtifact(artifact, out, { signal: io.signal })
  const packed = `${out}.gz.partial`
  try {
    await client.downloadArtifact(artifact, packed, { signal: io.signal })
    await pipeline(createReadStream(packed), createGunzip(), createWriteStream(`${out}.partial`))
    await rename(`${out}.partial`, out)
  } finally {
    await rm(packed, { force: true })
    await rm(`${out}.partial`, { force: true })
  }
}
