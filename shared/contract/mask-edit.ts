import { Type } from 'typebox'
import { closed } from './common.ts'

const Label = Type.Integer({ minimum: 0, maximum: 65_535 })
const Paint = Type.Integer({ minimum: 1, maximum: 65_535 })
const Axis = Type.Union([Type.Literal('x'), Type.Literal('y'), Type.Literal('z')])
const Index = Type.Integer({ minimum: 0 })
const IndexXyz = Type.Tuple([Index, Index, Index])
const Place = Type.Number({ minimum: -1e6, maximum: 1e6 })
/** Which voxels an operation may change: all whose label is not locked, background only, or those of one label. */
const Over = Type.Union([Type.Literal('any'), Type.Literal('background'), Label])

/**
 * One thing done to a mask at the full resolution of its file. Places are voxel indices of the file, x, y, z; voxel
 * centres sit on whole numbers. Label 0 erases.
 */
export const MaskOperation = Type.Union([
  /** A disc in the plane across `axis`, or a ball, drawn along a path. Parts with one `stroke` are undone together. */
  Type.Object(
    {
      kind: Type.Literal('brush'),
      stroke: Type.String({ minLength: 1, maxLength: 64 }),
      label: Label,
      shape: Type.Union([Type.Literal('disc'), Type.Literal('ball')]),
      axis: Axis,
      /** In voxels of the finest axis; along coarser axes it is shortened, so that the brush is round in space. */
      radius_vox: Type.Number({ minimum: 0.5, maximum: 512 }),
      path_xyz: Type.Array(Type.Tuple([Place, Place, Place]), { minItems: 1, maxItems: 1000 }),
      over: Over,
    },
    closed,
  ),
  /** What is connected with the seed in its plane and has its label. */
  Type.Object({ kind: Type.Literal('fill'), label: Label, axis: Axis, seed_xyz: IndexXyz }, closed),
  /** Voxels of a plane whose centre is inside a polygon [column, row]: x, y of XY; x, z of XZ; y, z of YZ. */
  Type.Object(
    {
      kind: Type.Literal('lasso'),
      label: Label,
      axis: Axis,
      index: Index,
      polygon: Type.Array(Type.Tuple([Place, Place]), { minItems: 3, maxItems: 20_000 }),
      over: Over,
    },
    closed,
  ),
  /** Background connected with the seed by faces whose value lies in a range, at most `reach_vox` from it per axis. */
  Type.Object(
    {
      kind: Type.Literal('grow'),
      label: Paint,
      seed_xyz: IndexXyz,
      low: Type.Number(),
      high: Type.Number(),
      reach_vox: Type.Integer({ minimum: 1, maximum: 4096 }),
    },
    closed,
  ),
  /** Fills the slices between the nearest ones on both sides of `index` that hold the label. */
  Type.Object({ kind: Type.Literal('interpolate'), label: Paint, axis: Axis, index: Index }, closed),
  /** Gives the object under the seed (neighbours by faces, edges or corners) another label, or removes it. */
  Type.Object({ kind: Type.Literal('object'), label: Label, seed_xyz: IndexXyz }, closed),
  /** Gives all voxels of a label another. */
  Type.Object({ kind: Type.Literal('relabel'), from: Paint, label: Label }, closed),
  /** The candidates where their probability reaches the threshold, without objects below a size; locked labels stay. */
  Type.Object(
    {
      kind: Type.Literal('threshold'),
      threshold: Type.Number({ minimum: 0, maximum: 1 }),
      smallest_object_voxels: Type.Integer({ minimum: 0 }),
    },
    closed,
  ),
])
export type MaskOperation = Type.Static<typeof MaskOperation>
export type MaskOperationOf<K extends MaskOperation['kind']> = Extract<MaskOperation, { kind: K }>
