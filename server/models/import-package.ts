import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { asReadProblem, openFileSource } from '../../shared/node/file-source.ts'
import { checkModel } from './check-model.ts'
import { importNnunet, type NnunetOptions } from './import-nnunet.ts'
import type { ModelPackage } from './model-registry.ts'
import { invalidModel } from './nnunet-files.ts'
import { type OnnxInterface, readOnnxInterface } from './onnx-interface.ts'
import { writeModelPackage } from './write-package.ts'

/** Files of one import, and the folder that the package becomes. */
export interface ImportRequest extends NnunetOptions {
  onnx: string
  plans: string
  dataset: string
  out: string
}

/** Lists of training cases make some of these files long; longer ones are not read. */
const MOST_JSON_BYTES = 64 * 1024 * 1024

/**
 * Makes a model package of a network that nnU-Net v2 trained, and tries it as `model check` does before it is there.
 * @param check tries a package; only tests give another
 * @throws {DomainError} `file_not_found`, `file_unreadable`, `file_unwritable`, `usage`, `canceled`, `model_invalid`,
 *   `model_feature_unsupported`
 */
export async function importModel(
  request: ImportRequest,
  signal?: AbortSignal,
  check: (folder: string) => Promise<ModelPackage & { seconds: number }> = (folder) =>
    checkModel(folder, undefined, signal),
): Promise<ModelPackage & { seconds: number; notes: string[] }> {
  const name = request.id ?? path.basename(path.resolve(request.out))
  const plans = await readJson(request.plans, name)
  const dataset = await readJson(request.dataset, name)
  const network = await readNetwork(request.onnx, name)
  const { manifest, notes } = importNnunet({ plans, dataset, network }, request)
  const checked = await writeModelPackage(manifest, request.onnx, request.out, check, signal)
  return { ...checked, folder: request.out, notes }
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
