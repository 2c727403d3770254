import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { CryoMambaClient } from '../../../shared/client/api.ts'
import type { Artifact } from '../../../shared/contract/jobs.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import type { VolumeFormat } from '../../../shared/volume/header.ts'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { checkWritable, refuseSameFiles } from '../own-files.ts'
import { formatSeconds } from '../progress-report.ts'
import { readMode0 } from '../read-mode0.ts'
import { RUN_OPTIONS, readRunParams } from '../run-params.ts'
import { saveMask } from '../save-mask.ts'
import { maskArtifact, maskNameFor, segmentVolume } from '../segment-volume.ts'
import { SERVER_OPTIONS, withServer } from '../server-choice.ts'
import { readUploadOptions, UPLOAD_OPTIONS } from '../upload-options.ts'

/** The model used where none is named. */
const DEFAULT_MODEL = 'demo-cryoet-unet'

const OPTIONS = {
  ...SERVER_OPTIONS,
  out: { type: 'string' },
  model: { type: 'string' },
  ...RUN_OPTIONS,
  ...UPLOAD_OPTIONS,
  probability: { type: 'string' },
  candidate: { type: 'string' },
  mode0: { type: 'string' },
  json: { type: 'boolean' },
} as const

/** `segment`: a volume in, a mask on its grid out. */
export const segmentCommand: Command = {
  name: 'segment',
  usage:
    'FILE [FILE…] --out MASK [--model ID[@VERSION]|FOLDER] [--server URL --token T] [--patch Z,Y,X] [--step 0.5] [--mirror z,y,x|none] [--threads N] [--batch N] [--threshold P] [--smallest-object VOXELS] [--neighbours 6|26] [--roi Z0:Z1,Y0:Y1,X0:X1] [--draft] [--probability FILE] [--candidate FILE] [--mode0 signed|unsigned] [--limit 20M] [--parallel N] [--json]',
  summary:
    'Segments a volume, on a server or on this computer; the ending of MASK chooses its format. Several files are the channels of one model.',
  run: async (args, io) => {
    const { values, positionals } = readArguments(args, OPTIONS)
    if (positionals.length === 0) throw new DomainError('usage', { reason: 'segment takes a file.' })
    if (values.out === undefined) throw new DomainError('usage', { reason: 'segment needs --out MASK.' })
    const out = values.out
    maskNameFor(out)
    const mode0 = readMode0(values.mode0)
    const sending = { choice: readUploadOptions(values), isRemembered: values.server !== undefined }
    const extras = besideTheMask(values)
    const params = { ...readRunParams(values), ...(extras.length > 0 ? {} : { probability: false }) }
    const outputs = [{ name: '--out', file: out }, ...extras.map(({ kind, file }) => ({ name: `--${kind}`, file }))]
    await refuseSameFiles(
      positionals.map((file) => ({ name: path.basename(file), file })),
      outputs,
    )
    const [format] = await Promise.all(positionals.map((file) => checkInput(file, mode0)))
    for (const { kind, file } of extras) checkBeside(kind, file, format)
    for (const one of [out, ...extras.map(({ file }) => file)]) await checkWritable(one)
    const { model, modelFolders } = await chooseModel(values.model ?? DEFAULT_MODEL, values.server)
    const env: Record<string, string> =
      params.threads === undefined ? {} : { CRYOMAMBA_THREADS: String(params.threads) }
    await withServer({ ...values, modelFolders, env }, async (client) => {
      const modelId = model ?? (await nameOfFolder(client, modelFolders))
      const { job, artifacts } = await segmentVolume(
        client,
        { files: positionals, mode0, model: modelId, params, ...sending },
        io,
      )
      await saveMask(client, maskArtifact(artifacts, out), out, io)
      for (const { kind, file } of extras) await saveMask(client, artifactBeside(artifacts, kind), file, io)
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

type Beside = 'probability' | 'candidate'

/** Files that are asked for beside the mask. */
function besideTheMask(values: { [kind in Beside]?: string }): { kind: Beside; file: string }[] {
  const kinds = ['probability', 'candidate'] as const
  return kinds.flatMap((kind) => {
    const file = values[kind]
    return file === undefined ? [] : [{ kind, file }]
  })
}

/** Servers write these in the format of the volume only. @throws {DomainError} `usage` for another ending */
function checkBeside(kind: Beside, file: string, format: VolumeFormat): void {
  const ending = { mrc: '.mrc', nifti: '.nii.gz', nrrd: '.nrrd' }[format]
  if (maskNameFor(file) === `mask${ending}`) return
  throw new DomainError('usage', { reason: `--${kind} must end with ${ending}, the format of the volume.` })
}

function artifactBeside(artifacts: readonly Artifact[], kind: Beside): Artifact {
  const found = artifacts.find(({ name }) => name.startsWith(`${kind}.`))
  if (!found) throw new DomainError('artifact_not_found', { name: kind })
  return found
}

/** Looks at the header before a byte is sent, so that a truncated or foreign file is named at once. */
async function checkInput(file: string, mode0: 'signed' | 'unsigned' | undefined): Promise<VolumeFormat> {
  if (/\.(hdr|img|nhdr)(\.gz|\.bz2)?$/i.test(file)) {
    throw new DomainError('format_unsupported', {
      message: `${path.basename(file)} is one of two files that belong together, and only one is sent.`,
      hint: 'Join them first: `cryomamba convert FILE joined.nii.gz` or `joined.nrrd`.',
    })
  }
  const source = await openVolumeFile(file, mode0 ? { mode0 } : {})
  await source.close()
  return source.header.format
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

/** The name of the package in a folder, as the embedded server read it: its id with its version, not the newest one. */
async function nameOfFolder(client: CryoMambaClient, [folder]: string[]): Promise<string> {
  const named = readName(await readFile(path.join(folder, 'model.json'), 'utf8'))
  const found = (await client.models()).find((one) => one.id === named?.id && one.version === named.version)
  if (found) return `${found.id}@${found.version}`
  throw new DomainError('model_invalid', {
    name: path.basename(folder),
    reason: 'its server refused it; look at model.json, size and SHA-256 of the ONNX file',
  })
}

function readName(text: string): { id: unknown; version: unknown } | null {
  try {
    const { id, version } = JSON.parse(text)
    return { id, version }
  } catch {
    return null
  }
}
