import path from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError, envelopeOf } from '../../shared/errors/domain-error.ts'
import { numVoxels } from '../../shared/volume/zyx.ts'
import { createOnnxSession } from '../adapters/onnx-session.ts'
import { asMemoryProblem } from '../inference/memory-problem.ts'
import { checkModelIsSupported } from '../inference/model-limits.ts'
import { loadModelPackage } from './model-registry.ts'

/**
 * The program that tries a stranger's network: loads it, runs one tile of zeros and one of noise. It runs in a process of
 * its own, under limits set by whoever starts it, and tells its parent `{ok: true, seconds}` or `{ok: false, error}`.
 */
async function tryNetwork(folder: string): Promise<{ seconds: number }> {
  const { manifest } = await loadModelPackage(folder)
  checkModelIsSupported(manifest, null)
  const modelPath = path.join(folder, manifest.onnx.file)
  const session = await createOnnxSession({ modelPath, manifest, provider: 'cpu', threads: 1 })
  const patch = manifest.tiles.patch_zyx
  const numTiles = session.tilesPerRun ?? 1
  const tile = new Float32Array(numTiles * manifest.input.channels * numVoxels(patch))
  let seconds = 0
  for (const kind of ['zeros', 'noise'] as const) {
    if (kind === 'noise') fillWithNoise(tile, manifest)
    const startMs = performance.now()
    const output = await session.run(tile, [numTiles, manifest.input.channels, ...patch])
    seconds = (performance.now() - startMs) / 1000 / numTiles
    if (!output.every(Number.isFinite))
      throw new DomainError('model_invalid', {
        name: manifest.id,
        reason: `its output is not finite on a tile of ${kind}`,
      })
  }
  await session.release()
  return { seconds }
}

/** Noise as the normalisation leaves it, the same every time: from 0 to 1, or around 0. */
function fillWithNoise(tile: Float32Array, manifest: ModelManifest): void {
  const voxels = numVoxels(manifest.tiles.patch_zyx)
  let state = 1
  for (let i = 0; i < tile.length; i++) {
    // The generator of Park and Miller: full period, products below 2^53.
    state = (state * 48271) % 2147483647
    const share = state / 2147483647
    const { scheme } = manifest.normalization[Math.floor(i / voxels) % manifest.input.channels]
    tile[i] = scheme === 'rescale01' ? share : 4 * share - 2
  }
}

/** How often a thread of its own looks whether who started us is still there. */
const PARENT_MS = 1_000

/** A network that runs keeps this thread, and an exit, waiting: the other one kills. */
const KILL_ORPHAN = `
  const parent = process.ppid
  setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), ${PARENT_MS})`

/** Nobody else ends a trial whose parent is gone. Where a process keeps the id of its parent, as on Windows, it ends after its tile. */
function endWithParent(): void {
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  new Worker(KILL_ORPHAN, { eval: true }).unref()
}

endWithParent()
tryNetwork(process.argv[2]).then(
  ({ seconds }) => process.send?.({ ok: true, seconds }),
  (cause) => {
    const error = asMemoryProblem(cause, 'The network')
    if (!(error instanceof DomainError)) console.error(error)
    process.send?.({ ok: false, error: envelopeOf(error) })
  },
)
