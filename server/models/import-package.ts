import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { asReadProblem, openFileSource } from '../../shared/node/file-source.ts'
import { checkModelIsSupported } from '../inference/model-limits.ts'
import { checkModel } from './check-model.ts'
import { importNnunet, type NnunetOptions } from './import-nnunet.ts'
import { loadModelPackage, type ModelPackage } from './load-package.ts'
import { invalidModel } from './nnunet-files.ts'
import { type OnnxInterface, readOnnxInterface } from './onnx-interface.ts'
import { writeModelPackage } from './write-package.ts'

/** Files of one import, and the folder that the package becomes. */
export interface ImportRequest extends NnunetOptions {
  onnx: string
  plans: string
  dataset: string
  out: string
  /** False: the network is not run, for those too large for this computer. */
  isTried: boolean
}

/** A package that was made. */
export interface ImportedModel extends ModelPackage {
  /** Seconds of one tile; null when the network was not run. */
  seconds: number | null
  notes: string[]
}

type Check = (folder: string, signal?: AbortSignal) => Promise<ModelPackage & { seconds: number | null }>

/** Lists of training cases make some of these files long; longer ones are not read. */
const MOST_JSON_BYTES = 64 * 1024 * 1024

/**
 * Makes a model package of a network that nnU-Net v2 trained. Unless the request says
 * otherwise it is tried as `model check` does before it is there.
 * @param check tries a package; only tests give another
 * @throws {DomainError} `file_not_found`, `file_unreadable`, `file_unwritable`, `usage`, `canceled`, `model_invalid`,
 *   `model_feature_unsupported`
 */
export async function importModel(
  request: ImportRequest,
  signal?: AbortSignal,
  check: Check = request.isTried ? tryModel : readOnly,
): Promise<ImportedModel> {
  const name = request.id ?? path.basename(path.resolve(request.out))
  const plans = await readJson(request.plans, name)
  const dataset = await readJson(request.dataset, name)
  const network = await readNetwork(request.onnx, name)
  const { manifest, notes } = importNnunet({ plans, dataset, network }, request)
  const { onnx, out } = request
  const checked = await writeModelPackage(manifest, onnx, out, (made) => check(made, signal), signal)
  return { ...checked, folder: out, notes }
}

const tryModel: Check = (folder, signal) => checkModel(folder, undefined, signal)

const readOnly: Check = async (folder) => {
  const model = await loadModelPackage(folder)
  checkModelIsSupported(model.manifest, null)
  return { ...model, seconds: null }
}

async function readJson(file: string, name: string): Promise<unknown> {
  const read = async () => {
    const { size } = await stat(file)
    if (size > MOST_JSON_BYTES)
      throw new DomainError('file_unreadable', { path: file, reason: `it is larger than ${MOST_JSON_BYTES} bytes` })
    return readFile(file, 'utf8')
  }
  const text = await read().catch((error) => Promise.reject(asReadProblem(error, file)))
  try {
    return JSON.parse(text)
  } catch {
    throw invalidModel(name, `${path.basename(file)} is not JSON`)
  }
}

async function readNetwork(file: string, name: string): Promise<OnnxInterface> {
  const source = await openFileSource(file, file)
  try {
    return await readOnnxInterface(source, name)
  } finally {
    await source.close()
  }
}
