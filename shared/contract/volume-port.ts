import { Type } from 'typebox'
import { Ref } from './bridge.ts'
import { closed, type ErrorEnvelope } from './common.ts'
import type { PreviewStage } from './live.ts'

// The volume service and the window speak over a MessagePort: bulk data never passes the main process.

const IndexXyz = Type.Tuple([Type.Integer({ minimum: 0 }), Type.Integer({ minimum: 0 }), Type.Integer({ minimum: 0 })])

/** An axis as it is shown; which axis of the file that is, `LevelMessage.orientation` says. */
export const DisplayAxis = Type.Union([Type.Literal('x'), Type.Literal('y'), Type.Literal('z')])
export type DisplayAxis = Type.Static<typeof DisplayAxis>

/** How the planes of a slab become one. */
export const PlaneProjection = Type.Union([Type.Literal('mean'), Type.Literal('min'), Type.Literal('max')])
export type PlaneProjection = Type.Static<typeof PlaneProjection>

/** What the window asks the volume service for. */
export const VolumeRequest = Type.Union([
  /** The finest level with at most `max_voxels` voxels and no axis longer than `max_axis`. */
  Type.Object(
    {
      type: Type.Literal('level'),
      volume_ref: Ref,
      max_voxels: Type.Integer({ minimum: 1 }),
      max_axis: Type.Integer({ minimum: 16 }),
    },
    closed,
  ),
  /** A plane of the file at full resolution, or a slab of planes, across a display axis. `index` counts along it. */
  Type.Object(
    {
      type: Type.Literal('plane'),
      volume_ref: Ref,
      request_index: Type.Integer(),
      axis: DisplayAxis,
      index: Type.Integer({ minimum: 0 }),
      thickness: Type.Integer({ minimum: 1, maximum: 512 }),
      projection: PlaneProjection,
      /** Answered whatever is asked for later, by a plane or by a problem with this `request_index`. */
      is_awaited: Type.Optional(Type.Literal(true)),
    },
    closed,
  ),
  /** The final mask in a plane of the file, numbered as `plane` numbers them. Not answered while there is none. */
  Type.Object(
    {
      type: Type.Literal('label_plane'),
      volume_ref: Ref,
      request_index: Type.Integer(),
      axis: DisplayAxis,
      index: Type.Integer({ minimum: 0 }),
    },
    closed,
  ),
  /** The value of one voxel of the file, in file units. */
  Type.Object(
    { type: Type.Literal('voxel'), volume_ref: Ref, request_index: Type.Integer(), index_xyz: IndexXyz },
    closed,
  ),
])
export type VolumeRequest = Type.Static<typeof VolumeRequest>

/**
 * A level of the volume: bin 1, 2, 4, …; ceil shape, mean over the voxels covered (DESIGN §5).
 * Shapes and voxels are in display order (`orientation`); `voxels` are z, y, x order; file value = low + voxel / 255 · (high − low), within `low … high`.
 */
export interface LevelMessage {
  type: 'level'
  volume_ref: string
  bin: number
  shape_zyx: [number, number, number]
  source_shape_zyx: [number, number, number]
  voxels: Uint8Array<ArrayBuffer>
  low: number
  high: number
  /** Number of level voxels with each of the 256 values. */
  histogram: number[]
  /** True when only some planes were read so far: voxels are single voxels of the file, not means. */
  is_sampled: boolean
  /** How the file's axes are turned for the screen: for each display axis the file's axis (0 = x), and if it is mirrored. */
  orientation: { fileAxisXyz: [number, number, number]; isFlippedXyz: [boolean, boolean, boolean] }
}

/** A plane at the file's full resolution, in the codes of the level and in display order: columns run along x, or y. */
export interface PlaneMessage {
  type: 'plane'
  volume_ref: string
  request_index: number
  axis: DisplayAxis
  index: number
  thickness: number
  projection: PlaneProjection
  shape: [rows: number, columns: number]
  /** Null where it cannot be given yet: planes across the file's x need the whole file to have been read. */
  voxels: Uint8Array<ArrayBuffer> | null
}

/** The final mask of a run in a plane at the file's full resolution, laid out as `PlaneMessage`. */
export interface LabelPlaneMessage {
  type: 'label_plane'
  volume_ref: string
  run_ref: string
  request_index: number
  axis: DisplayAxis
  index: number
  shape: [rows: number, columns: number]
  voxels: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>
}

/** Labels over the level on show, in display order as that level. The largest value of the type means "not computed yet" unless final. */
export interface LabelsMessage {
  type: 'labels'
  volume_ref: string
  run_ref: string
  stage: Type.Static<typeof PreviewStage> | 'final'
  /** Of the level. */
  bin: number
  /** Set where `voxels` lie on the coarser grid of blocks of so many voxels; absent, on that of the level. */
  factor?: number
  /** Of that grid. */
  shape_zyx: [number, number, number]
  /** Set where `voxels` are only some planes, from this one on: all others are as they were sent before. */
  first_plane?: number
  voxels: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>
}

/** What the volume service tells the window. */
export type VolumeMessage =
  | LevelMessage
  | PlaneMessage
  | LabelsMessage
  | LabelPlaneMessage
  | { type: 'level_progress'; volume_ref: string; done_planes: number; total_planes: number }
  | { type: 'labels_cleared'; volume_ref: string }
  /** `value` is null where the file holds NaN; `label` is null without a final mask. */
  | { type: 'voxel'; volume_ref: string; request_index: number; value: number | null; label: number | null }
  /** `request_index` is of the plane that is waited for and cannot be given. */
  | { type: 'volume_problem'; volume_ref: string; problem: Type.Static<typeof ErrorEnvelope>; request_index?: number }
