import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { LengthUnit, VolumeHeader, VolumeWarning } from '../../shared/volume/header.ts'

/** Metres of one unit. */
const METRES: Readonly<Record<LengthUnit, number>> = { angstrom: 1e-10, nm: 1e-9, um: 1e-6, mm: 1e-3, m: 1 }

/** Spacing may differ by this share before the user is told. */
const SPACING_TOLERANCE = 0.2

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
  if (manifest.crop.nonzero) refuse('cropping to the non-zero box')
  if (manifest.input.dtype !== 'float32' || manifest.output.dtype !== 'float32') refuse('float16 input or output')
  if (manifest.postprocess.keep_largest.length > 0) refuse('keeping the largest object')
  if (manifest.postprocess.smallest_object_voxels > 0) refuse('removing small objects')
}

/**
 * Compares a volume's voxel size with the one the model was trained at.
 * @returns warnings by the model's policy `warn`; nothing for `any`
 * @throws {DomainError} `model_feature_unsupported` where the volume would have to be resampled
 */
export function checkSpacing(manifest: ModelManifest, header: VolumeHeader): VolumeWarning[] {
  const { target_zyx: target, unit, policy } = manifest.spacing
  if (policy === 'any' || target === null || unit === null) return []
  if (header.voxelSizeZyx === null || header.unit === null) {
    return [
      {
        code: 'voxel_size_unknown',
        message: `The voxel size of the volume is unknown; the model expects ${target.join(' × ')} ${unit} (z, y, x).`,
      },
    ]
  }
  const scale = METRES[header.unit] / METRES[unit]
  const ratios = header.voxelSizeZyx.map((size, axis) => (size * scale) / target[axis])
  const isFar = ratios.some((ratio) => Math.abs(ratio - 1) > (policy === 'resample' ? 1e-3 : SPACING_TOLERANCE))
  if (!isFar) return []
  if (policy === 'resample')
    throw new DomainError('model_feature_unsupported', { model: manifest.id, feature: 'resampling of the volume' })
  const found = header.voxelSizeZyx.map((size) => Number((size * scale).toPrecision(4))).join(' × ')
  return [
    {
      code: 'spacing_differs',
      message: `Voxels are ${found} ${unit}, the model expects ${target.join(' × ')} ${unit} (z, y, x).`,
    },
  ]
}
