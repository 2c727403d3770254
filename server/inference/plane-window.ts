import type { LabelArray } from '../../shared/mask/preview-rule.ts'

/** Where the voxels of the volume lie in a padded plane. */
export interface PlaneWindow {
  paddedYx: readonly [number, number]
  belowYx: readonly [number, number]
  sizeYx: readonly [number, number]
}

/** Sum of the tile weights at a padded y, x of the current plane. */
export interface WeightOf {
  (y: number, x: number): number
  /** The same for every x of a padded y, in fewer steps. @param into overwritten; as long as the padded plane is wide */
  row?(y: number, into: Float32Array | Float64Array): void
}

/** Weights of a row. @param into overwritten; as long as the padded plane is wide */
export function weightsOfRow(weights: WeightOf, y: number, into: Float32Array | Float64Array): void {
  if (weights.row) weights.row(y, into)
  else for (let x = 0; x < into.length; x++) into[x] = weights(y, x)
}

/** What one final plane becomes; [y, x] over the volume's plane. */
export interface DecodedPlane {
  labels: LabelArray
  /** round(255 · p) of the best foreground label; null where it is not kept. */
  probability: Uint8Array | null
  /** The best foreground label itself. */
  candidate: LabelArray | null
}

/**
 * Turns the weighted sums of one final plane into labels.
 * @param sums    [channel, y, x] over the padded plane. Not changed.
 * @param weights sum of the tile weights of this plane, [y, x] over the padded plane; only read where means are needed
 * @param into    overwritten
 * @throws {DomainError} `output_not_finite`
 */
export type PlaneDecoder = (sums: Float32Array, weights: WeightOf, window: PlaneWindow, into: DecodedPlane) => void
