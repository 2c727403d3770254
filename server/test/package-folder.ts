import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { honestNetwork } from './hostile-networks.ts'
import { thresholdManifest } from './threshold-model.ts'
import type { ZipPart } from './zip-file.ts'

/** The files of a package around a network: size and hash are true, the rest as asked. */
export function packageFiles(network: Uint8Array = honestNetwork(), change: Partial<ModelManifest> = {}): ZipPart[] {
  const manifest = thresholdManifest({
    onnx: {
      file: 'model.onnx',
      bytes: network.length,
      sha256: createHash('sha256').update(network).digest('hex'),
      opset: 16,
    },
    ...change,
  })
  return [
    { name: 'model.json', content: JSON.stringify(manifest) },
    { name: 'model.onnx', content: network },
  ]
}

export async function writePackage(folder: string, parts: readonly ZipPart[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const { name, content } of parts) await writeFile(path.join(folder, name), content ?? '')
}
