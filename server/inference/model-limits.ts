import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'

/**
 * Refuses by name what a model asks for and this engine does not do yet.
 * @throws {DomainError} `model_feature_unsupported`, `model_channels`
 */
export function checkModelIsSupported(manifest: ModelManifest): void {
  const refuse = (feature: string): never => {
    throw new DomainError('model_feature_unsupported', { model: manifest.id, feature })
  }
  if (manifest.input.channels !== 1)
    throw new DomainError('model_channels', { model: manifest.id, expected: manifest.input.channels, found: 1 })
  if (manifest.axes.transpose_forward.some((axis, i) => axis !== i)) refuse('transposed axes')
  if (manifest.input.dtype !== 'float32' || manifest.output.dtype !== 'float32') refuse('float16 input or output')
}
