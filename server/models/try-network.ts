import path from 'node:path'
import { DomainError, envelopeOf } from '../../shared/errors/domain-error.ts'
import { numVoxels } from '../../shared/volume/zyx.ts'
import { createOnnxSession } from '../adapters/onnx-session.ts'
import { checkModelIsSupported } from '../inference/model-limits.ts'
import { loadModelPackage } from './model-registry.ts'

/**
 * The program that tries a stranger's network: loads it and runs one tile of zeros. It runs in a process of its own,
 * under limits set by whoever starts it, and tells its parent `{ok: true, seconds}` or `{ok: false, error}`.
 */
async function tryNetwork(folder: string): Promise<{ seconds: number }> {
  const { manifest } = await loadModelPackage(folder)
  checkModelIsSupported(manifest, null)
  const modelPath = path.join(folder, manifest.onnx.file)
  const session = await createOnnxSession({ modelPath, manifest, provider: 'cpu', threads: 1 })
  const patch = manifest.tiles.patch_zyx
  const startMs = performance.now()
  const output = await session.run(new Float32Array(manifest.input.channels * numVoxels(patch)), [
    1,
    manifest.input.channels,
    ...patch,
  ])
  if (!output.every(Number.isFinite))
    throw new DomainError('model_invalid', { name: manifest.id, reason: 'its output is not finite on a tile of zeros' })
  await session.release()
  return { seconds: (performance.now() - startMs) / 1000 }
}

tryNetwork(process.argv[2]).then(
  ({ seconds }) => process.send?.({ ok: true, seconds }),
  (error) => {
    if (!(error instanceof DomainError)) console.error(error)
    process.send?.({ ok: false, error: envelopeOf(error) })
  },
)
