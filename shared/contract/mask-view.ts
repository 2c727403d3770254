import { Type } from 'typebox'
import { closed, type ErrorEnvelope, Warning } from './common.ts'
import { MaskOperation } from './mask-edit.ts'

const Ref = Type.String({ pattern: '^[a-z0-9-]{1,64}$' })
const Count = Type.Integer({ minimum: 0 })
const Value = Type.Integer({ minimum: 1, maximum: 65_535 })
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])

/** One label of a mask that is being corrected. */
export const MaskLabel = Type.Object(
  {
    value: Value,
    name: Type.String({ maxLength: 200 }),
    color: Type.String({ pattern: '^#[0-9a-fA-F]{6}$' }),
    is_locked: Type.Boolean(),
    voxels: Count,
  },
  closed,
)
export type MaskLabel = Type.Static<typeof MaskLabel>

/** A mask that is being corrected, as the window shows it: a whole snapshot each time. */
export const MaskView = Type.Object(
  {
    mask_ref: Ref,
    volume_ref: Ref,
    volume_name: Type.String(),
    /** What it began with: the mask of a run, a file, or nothing. */
    origin: Type.Union([Type.Literal('run'), Type.Literal('file'), Type.Literal('empty')]),
    origin_name: Type.String(),
    labels: Type.Array(MaskLabel),
    /** What undo and redo would do; null where there is nothing. */
    undo_name: orNull(Type.String()),
    redo_name: orNull(Type.String()),
    /** All that was done, undo and redo included. */
    num_operations: Count,
    /** Changes that were made and not undone. */
    num_changes: Count,
    /** True when something changed since the last export; it is kept in a journal all the same. */
    is_unsaved: Type.Boolean(),
    /** True where the run kept the probability that the threshold works on. */
    has_probability: Type.Boolean(),
    /** What is being carried out, e.g. `grow`; null when the mask is at rest. */
    busy: orNull(Type.String()),
    /** What the user should know of how it lies over the volume. */
    warnings: Type.Optional(Type.Array(Warning)),
  },
  closed,
)
export type MaskView = Type.Static<typeof MaskView>

/** Changes of an earlier start that were kept and not exported. */
export const KeptMask = Type.Object(
  {
    mask_ref: Ref,
    volume_name: Type.String(),
    num_operations: Count,
    /** Made and not undone. */
    num_changes: Count,
    changed_at: Type.String(),
    /** Absent where the volume is the same file; else it has changed since, or whether it has is not known. */
    doubt: Type.Optional(Type.Union([Type.Literal('changed'), Type.Literal('unknown')])),
  },
  closed,
)
export type KeptMask = Type.Static<typeof KeptMask>

const OfMask = Type.Object({ mask_ref: Ref }, closed)

/** What a label can be given; absent members stay as they are. */
export const LabelChange = Type.Object(
  {
    mask_ref: Ref,
    value: Value,
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    color: Type.Optional(Type.String({ pattern: '^#[0-9a-fA-F]{6}$' })),
    is_locked: Type.Optional(Type.Boolean()),
  },
  closed,
)
export type LabelChange = Type.Static<typeof LabelChange>

/** Inputs of the requests that correct a mask. */
export const MASK_INPUTS = {
  /** Begins with the mask of a finished run, with a file that the user chooses, or with nothing. */
  edit: Type.Union([
    Type.Object({ kind: Type.Literal('run'), volume_ref: Ref, run_ref: Ref }, closed),
    Type.Object(
      {
        kind: Type.Literal('file'),
        volume_ref: Ref,
        mode0: orNull(Type.Union([Type.Literal('signed'), Type.Literal('unsigned')])),
      },
      closed,
    ),
    Type.Object({ kind: Type.Literal('empty'), volume_ref: Ref }, closed),
  ]),
  apply: Type.Object({ mask_ref: Ref, operation: MaskOperation }, closed),
  ofMask: OfMask,
  label: LabelChange,
  close: Type.Object({ mask_ref: Ref, is_discarded: Type.Boolean() }, closed),
  recover: Type.Object({ mask_ref: Ref, is_accepted: Type.Boolean() }, closed),
  save: Type.Object(
    {
      mask_ref: Ref,
      format: Type.Union([Type.Literal('mrc'), Type.Literal('nii.gz'), Type.Literal('nrrd')]),
      /** Only these labels; absent: all. */
      labels: Type.Optional(Type.Array(Value, { minItems: 1, maxItems: 1000 })),
      /** Only the box around them, with its place in the world. */
      is_cropped: Type.Optional(Type.Boolean()),
    },
    closed,
  ),
  /** Surfaces, centres of objects, measures, a report, or an OME-Zarr image of the labels; the ending says which format. */
  take: Type.Object(
    {
      mask_ref: Ref,
      kind: Type.Union([
        Type.Literal('surface'),
        Type.Literal('coordinates'),
        Type.Literal('statistics'),
        Type.Literal('report'),
        Type.Literal('zarr'),
        Type.Literal('movie'),
      ]),
      ending: Type.Union([
        Type.Literal('stl'),
        Type.Literal('obj'),
        Type.Literal('ply'),
        Type.Literal('star'),
        Type.Literal('csv'),
        Type.Literal('json'),
        Type.Literal('html'),
        Type.Literal('ome.zarr'),
        Type.Literal('gif'),
      ]),
      /** Only these labels; absent: all. */
      labels: Type.Optional(Type.Array(Value, { minItems: 1, maxItems: 1000 })),
    },
    closed,
  ),
} as const

// The mask service and the window speak over a MessagePort of their own.

const Index = Type.Integer({ minimum: 0 })
const RequestIndex = Type.Integer()

/** What the window asks the mask service for. */
export const MaskRequest = Type.Union([
  /** The labels on the level of `bin`, now and, as patches, from now on; `before` shows what the mask began with. */
  Type.Object(
    {
      type: Type.Literal('view'),
      mask_ref: Ref,
      bin: Type.Integer({ minimum: 1, maximum: 4096 }),
      state: Type.Union([Type.Literal('now'), Type.Literal('before')]),
    },
    closed,
  ),
  /** What a threshold would give, on the level on show; nothing is changed. */
  Type.Object(
    {
      type: Type.Literal('try_threshold'),
      mask_ref: Ref,
      threshold: Type.Number({ minimum: 0, maximum: 1 }),
      smallest_object_voxels: Type.Integer({ minimum: 0 }),
    },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal('label_at'),
      mask_ref: Ref,
      request_index: RequestIndex,
      index_xyz: Type.Tuple([Index, Index, Index]),
    },
    closed,
  ),
  /** One slice at the file's full resolution; while it is of the mask now, or of a threshold that is tried, what changes in it follows as patches. */
  Type.Object(
    {
      type: Type.Literal('plane'),
      mask_ref: Ref,
      request_index: RequestIndex,
      axis: Type.Union([Type.Literal('x'), Type.Literal('y'), Type.Literal('z')]),
      index: Index,
      /** `tried` is what the threshold would give that was tried last; not answered while none is. */
      state: Type.Union([Type.Literal('now'), Type.Literal('before'), Type.Literal('tried')]),
    },
    closed,
  ),
])
export type MaskRequest = Type.Static<typeof MaskRequest>

/** Labels of a box of the level on show, which replace what is there. z, y, x order. */
export interface MaskPatch {
  type: 'patch'
  mask_ref: string
  bin: number
  start_zyx: [number, number, number]
  shape_zyx: [number, number, number]
  voxels: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>
}

/** A slice across an axis of the file at full resolution, or a part of it, as a box of the file. z, y, x order. */
export interface MaskPlane {
  mask_ref: string
  axis: 'x' | 'y' | 'z'
  start_zyx: [number, number, number]
  shape_zyx: [number, number, number]
  voxels: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>
}

/** What the mask service tells the window. */
export type MaskMessage =
  | (Omit<MaskPatch, 'type'> & { type: 'level' })
  | MaskPatch
  | { type: 'label_at'; mask_ref: string; request_index: number; label: number | null }
  | (MaskPlane & { type: 'plane'; request_index: number })
  | (MaskPlane & { type: 'plane_patch' })
  | { type: 'mask_problem'; mask_ref: string; problem: Type.Static<typeof ErrorEnvelope> }
