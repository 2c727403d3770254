import { Type } from 'typebox'
import { closed } from './common.ts'

const Ref = Type.String({ pattern: '^[a-z0-9-]{1,64}$' })
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])
const Count = Type.Integer({ minimum: 1 })

/** What a pane shows, and all panes together. */
const Shown = Type.Union([
  Type.Literal('all'),
  Type.Literal('xy'),
  Type.Literal('xz'),
  Type.Literal('yz'),
  Type.Literal('3d'),
])

export const PictureEnding = Type.Union([
  Type.Literal('png'),
  Type.Literal('webm'),
  Type.Literal('mp4'),
  Type.Literal('gif'),
])
export type PictureEnding = Type.Static<typeof PictureEnding>

/** What a screenshot or a movie shows, and how: carried by the file as part of its provenance. */
export const PictureFacts = Type.Object(
  {
    kind: Type.Union([Type.Literal('screenshot'), Type.Literal('slices'), Type.Literal('rotation')]),
    shown: Shown,
    width_px: Count,
    height_px: Count,
    /** Pixels of the picture for each pixel of the screen, along a side. */
    scale: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(4)]),
    frames: Count,
    frames_per_second: orNull(Count),
    /** Slices of the file that follow each other, along one of its axes. */
    slices: orNull(
      Type.Object(
        {
          file_axis: Type.Union([Type.Literal('x'), Type.Literal('y'), Type.Literal('z')]),
          first: Type.Integer({ minimum: 0 }),
          last: Type.Integer({ minimum: 0 }),
          step: Count,
        },
        closed,
      ),
    ),
    turns: orNull(Type.Number()),
    crosshair_xyz: orNull(Type.Tuple([Type.Number(), Type.Number(), Type.Number()])),
    /** Values of the file that are shown black and white. */
    window: Type.Object({ low: Type.Number(), high: Type.Number() }, closed),
    colormap: Type.String({ maxLength: 40 }),
    gamma: Type.Number(),
    is_inverted: Type.Boolean(),
    /** What 3D shows. */
    projection: Type.String({ maxLength: 40 }),
    /** Voxels of the file along a side of one voxel on the graphics card. */
    level_bin: Count,
    planes_together: Count,
    plane_projection: Type.String({ maxLength: 40 }),
    mask: orNull(Type.Object({ name: Type.String({ maxLength: 400 }), opacity: Type.Number() }, closed)),
    has_crosshair: Type.Boolean(),
    has_measurements: Type.Boolean(),
    scale_bars: Type.Array(
      Type.Object({ shown: Shown, length: Type.String({ maxLength: 40 }), length_px: Count }, closed),
      { maxItems: 4 },
    ),
  },
  closed,
)
export type PictureFacts = Type.Static<typeof PictureFacts>

/** 16 MiB: a part of a file that is copied twice on its way without being felt. */
export const MOST_PICTURE_BYTES = 16 * 1024 * 1024

const Bytes = Type.Refine(
  Type.Unsafe<Uint8Array<ArrayBuffer>>({}),
  (value: unknown) => value instanceof Uint8Array && value.length <= MOST_PICTURE_BYTES,
)

/** Inputs of the requests that write pictures. */
export const PICTURE_INPUTS = {
  begin: Type.Object({ volume_ref: Ref, ending: PictureEnding, facts: PictureFacts }, closed),
  /** Bytes for a place of the file that leaves no hole. */
  write: Type.Object({ picture_ref: Ref, at: Type.Integer({ minimum: 0 }), bytes: Bytes }, closed),
  ofPicture: Type.Object({ picture_ref: Ref }, closed),
} as const

/** A file that is being written; null when the dialog was closed without a choice. */
export const BegunPicture = orNull(
  Type.Object(
    {
      picture_ref: Ref,
      name: Type.String(),
      /** Who writes it. */
      application: Type.String(),
      /** What the file is to carry about itself, JSON. */
      provenance: Type.String(),
    },
    closed,
  ),
)
export type BegunPicture = Type.Static<typeof BegunPicture>
