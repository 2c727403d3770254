import type { ValueRange } from './block-mean.ts'

/** One level of a volume in memory, in the file's axis order. */
export interface Level extends ValueRange {
  bin: number
  shapeZyx: [number, number, number]
  voxels: Uint8Array<ArrayBuffer>
  /** Number of level voxels with each code. */
  histogram: number[]
}
