import path from 'node:path'
import { DomainError, envelopeOf } from '../../shared/errors/domain-error.ts'
import { createOnnxSession } from '../adapters/onnx-session.ts'
import { loadModelPackage } from '../models/load-package.ts'
import { BUNDLED_MODELS } from '../package-facts.ts'
import {
  EXPECTED,
  largestDifference,
  REFERENCE_MODEL,
  REFERENCE_SHAPE_ZYX,
  referenceTile,
  sampleOutput,
} from './reference-tile.ts'
import type { ReferenceVerdict } from './try-provider.ts'

/**
 * The program that tries a provider: runs the bundled model on the reference tile, twice, and tells its parent how far
 * the outputs are from the expected ones. A process of its own, because a broken driver can end the process.
 */
async function runReference(provider: string): Promise<ReferenceVerdict> {
  const { manifest, folder } = await loadModelPackage(path.join(BUNDLED_MODELS, REFERENCE_MODEL))
  const modelPath = path.join(folder, manifest.onnx.file)
  const startMs = performance.now()
  const session = await createOnnxSession({ modelPath, manifest, provider, threads: 1 })
  const shape = [1, 1, ...REFERENCE_SHAPE_ZYX]
  await session.run(referenceTile(), shape)
  const readyMs = performance.now()
  const output = await session.run(referenceTile(), shape)
  const tileMs = performance.now() - readyMs
  const difference = largestDifference(sampleOutput(output, manifest.output.channels), EXPECTED)
  await session.release()
  return { ok: true, difference, startMs: readyMs - startMs, tileMs, warnings: [...(session.warnings ?? [])] }
}

/** The process ends by itself even where a driver's threads would go on. */
function tell(verdict: ReferenceVerdict): void {
  process.send?.(verdict, () => process.exit(0))
}

runReference(process.argv[2]).then(tell, (error) => {
  if (!(error instanceof DomainError)) console.error(error)
  tell({ ok: false, error: envelopeOf(error) })
})
