import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'

/**
 * Refuses by name what a model asks for and this engine does not do.
 * @param numVolumes volumes that are given; null where none are yet
 * @throws {DomainError} `model_feature_unsupported`, `model_channels`
 */
export function checkModelIsSupported(manifest: ModelManifest, numVolumes: number | null): void {
  const refuse = (feature: string): never => {
    throw new DomainError('model_feature_unsupported', { model: manifest.id, feature })
  }
  if (numVolumes !== null && manifest.input.channels !== numVolumes)
    throw new DomainError('model_channels', {
      model: manifest.id,
      expected: manifest.input.channels,
      found: numVolumes,
    })
  const { transpose_forward: forward, transpose_backward: backward } = manifest.axes
  if ([...forward].sort().join() !== '0,1,2' || backward.some((axis, i) => forward[axis] !== i))
    refuse('axes that are no transposition and its inverse')
  // Splines are clipped to the range of all logits, which is known only when the last tile has run.
  if (manifest.spacing.policy === 'resample' && manifest.resampling.logits.order > 1)
    refuse(`logits resampled with splines of order ${manifest.resampling.logits.order}`)
}
