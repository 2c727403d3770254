import type { MaskOperation, MaskOperationOf } from '../../../shared/contract/mask-edit.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { brush, fillInPlane, interpolateSlices, lasso } from '../../../shared/mask/edit/draw-operations.ts'
import type { MaskChange } from '../../../shared/mask/edit/mask-change.ts'
import type { MaskEditor } from '../../../shared/mask/edit/mask-editor.ts'
import { planeAxes } from '../../../shared/mask/edit/plane-axes.ts'
import { growRegion, type ReadValues, relabel, relabelObject } from '../../../shared/mask/edit/region-operations.ts'
import { type ProbabilityPlanes, thresholdMask } from '../../../shared/mask/edit/threshold-operation.ts'
import type { Abort } from '../../../shared/volume/header.ts'
import { reverseTriple, type Xyz, type Zyx } from '../../../shared/volume/zyx.ts'

/** What operations need beside the mask. */
export interface OperationGround {
  editor: MaskEditor
  /** Of the voxels; equal lengths where the size is unknown. */
  spacingZyx: Zyx
  readValues: ReadValues
  /** Null where the run kept none. */
  probability: ProbabilityPlanes | null
  signal: Abort
}

/**
 * Carries an operation of the window into the mask.
 * @throws {DomainError} `label_locked`, `mask_*`, `probability_not_kept`, `canceled`
 */
export function applyOperation(ground: OperationGround, operation: MaskOperation): Promise<MaskChange> {
  const { editor, signal } = ground
  switch (operation.kind) {
    case 'brush':
      return brush(editor, { ...strokeOf(operation, ground.spacingZyx), group: operation.stroke })
    case 'fill': {
      const seedZyx = seedIn(ground, operation.seed_xyz)
      return fillInPlane(editor, { label: operation.label, axis: operation.axis, seedZyx })
    }
    case 'lasso':
      return lasso(editor, operation)
    case 'interpolate':
      return interpolateSlices(editor, { ...operation, spacingZyx: ground.spacingZyx })
    case 'grow': {
      const { label, low, high, reach_vox: reachVox } = operation
      const seedZyx = seedIn(ground, operation.seed_xyz)
      return growRegion(editor, { label, low, high, reachVox, seedZyx, readValues: ground.readValues, signal })
    }
    case 'object':
      return relabelObject(editor, { label: operation.label, seedZyx: seedIn(ground, operation.seed_xyz), signal })
    case 'relabel':
      return relabel(editor, operation.from, operation.label)
    case 'threshold': {
      if (!ground.probability) throw new DomainError('probability_not_kept', { jobId: 'of this mask' })
      const { threshold, smallest_object_voxels: smallestObjectVoxels } = operation
      return thresholdMask(editor, ground.probability, { threshold, smallestObjectVoxels, signal })
    }
  }
}

function seedIn({ editor }: OperationGround, indexXyz: Xyz): Zyx {
  const seedZyx = reverseTriple(indexXyz)
  if (seedZyx.some((at, axis) => at >= editor.bricks.shapeZyx[axis]))
    throw new DomainError('mask_seed_empty', { indexXyz: indexXyz.join(', '), found: 'nothing, outside the volume' })
  return seedZyx
}

/** The brush in voxels: shorter along coarser axes, so that it is round in space. */
function strokeOf(stroke: MaskOperationOf<'brush'>, spacingZyx: Zyx) {
  const { label, over, shape, axis, radius_vox: radiusVox, path_xyz: pathXyz } = stroke
  const finest = Math.min(...spacingZyx)
  const { across } = planeAxes(axis)
  const radius = spacingZyx.map((spacing, at) => {
    if (shape === 'disc' && at === across) return 0
    return Math.max(0.5, (radiusVox * finest) / spacing)
  })
  const pathZyx = pathXyz.map((point) => reverseTriple(point))
  if (shape === 'disc') for (const point of pathZyx) point[across] = Math.round(point[across])
  return { label, over, pathZyx, radiusZyx: radius as unknown as Zyx }
}
