import { Type } from 'typebox'
import { closed } from './common.ts'

const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])

/** Colours of the window; `system` follows the computer. */
export const ThemeChoice = Type.Union([Type.Literal('system'), Type.Literal('dark'), Type.Literal('light')])
export type ThemeChoice = Type.Static<typeof ThemeChoice>

/** Sizes of text and controls that can be chosen, as factors. */
export const ZOOM_STEPS = [0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2] as const

/** Speeds of the wheel that can be chosen, planes for each click. */
export const WHEEL_SPEEDS = [0.5, 1, 2, 5, 10] as const

const fields = {
  theme: ThemeChoice,
  /** Size of text and controls, 1 as designed. */
  zoom: Type.Number({ minimum: 0.7, maximum: 2 }),
  /** Told by the system when a run has ended. */
  notifications: Type.Boolean(),
  /** Planes for each click of the wheel; absent in files of earlier versions: 1. */
  wheel_speed: Type.Optional(Type.Number({ minimum: 0.25, maximum: 20 })),
}

/** What the user set. The folder of results is chosen in a dialog; the window only shows it. */
export const Preferences = Type.Object({ ...fields, results_folder: orNull(Type.String()) }, closed)
export type Preferences = Type.Static<typeof Preferences>

/** What the window may change. */
export const PreferencesChange = Type.Partial(Type.Object(fields, closed), closed)
export type PreferencesChange = Type.Static<typeof PreferencesChange>

/** A file that was open before. The window knows names; paths stay in the main process. */
export const RecentFile = Type.Object(
  { recent_ref: Type.String({ pattern: '^[a-f0-9]{16}$' }), name: Type.String(), folder_name: Type.String() },
  closed,
)
export type RecentFile = Type.Static<typeof RecentFile>

const Xyz = Type.Tuple([Type.Number(), Type.Number(), Type.Number()])
const Layout = Type.Union([
  Type.Literal('all'),
  Type.Literal('xy'),
  Type.Literal('xz'),
  Type.Literal('yz'),
  Type.Literal('3d'),
])
const LabelValue = Type.Integer({ minimum: 0, maximum: 65_535 })

const SliceCamera = Type.Object({ pan_xyz: Xyz, zoom: Type.Number({ minimum: 0.01, maximum: 1000 }) }, closed)

/** More of one file are not kept. */
export const MOST_KEPT_MEASUREMENTS = 200

const KeptMeasurement = Type.Object(
  {
    kind: Type.Union([Type.Literal('distance'), Type.Literal('angle')]),
    across_axis: Type.Union([Type.Literal(0), Type.Literal(1), Type.Literal(2)]),
    points_xyz: Type.Array(Xyz, { minItems: 2, maxItems: 3 }),
  },
  closed,
)

/** How one file was looked at. Window limits in file units, the crosshair in voxels of the file. */
export const ViewState = Type.Object(
  {
    layout: Layout,
    crosshair_xyz: orNull(Xyz),
    window: orNull(Type.Object({ low: Type.Number(), high: Type.Number() }, closed)),
    camera: orNull(
      Type.Object(
        {
          pan_xyz: Xyz,
          zoom: Type.Number({ minimum: 0.01, maximum: 1000 }),
          /** Of each slice; without them all are as above. */
          slices: Type.Optional(Type.Object({ xy: SliceCamera, xz: SliceCamera, yz: SliceCamera }, closed)),
          azimuth_deg: Type.Number(),
          elevation_deg: Type.Number(),
          scale_3d: Type.Number({ minimum: 0.001, maximum: 1000 }),
        },
        closed,
      ),
    ),
    /** The model whose labels the colours are of. */
    label_model: orNull(Type.String({ maxLength: 200 })),
    label_colors: Type.Array(
      Type.Object({ value: LabelValue, color: Type.String({ pattern: '^#[0-9a-fA-F]{6}$' }) }, closed),
      { maxItems: 1000 },
    ),
    hidden_labels: Type.Array(LabelValue, { maxItems: 1000 }),
    mask_opacity: Type.Number({ minimum: 0, maximum: 1 }),
    is_mask_visible: Type.Boolean(),
    /** How values become colours, and what 3D shows; absent in states of older versions. */
    display: Type.Optional(
      Type.Object(
        {
          colormap: Type.Union([
            Type.Literal('gray'),
            Type.Literal('viridis'),
            Type.Literal('inferno'),
            Type.Literal('magma'),
            Type.Literal('plasma'),
            Type.Literal('turbo'),
          ]),
          gamma: Type.Number({ minimum: 0.1, maximum: 10 }),
          is_inverted: Type.Boolean(),
          projection: Type.Union([
            Type.Literal('planes'),
            Type.Literal('densest'),
            Type.Literal('maximum'),
            Type.Literal('minimum'),
            Type.Literal('volume'),
            Type.Literal('nothing'),
          ]),
          /** Standard deviation of a Gaussian over the slices, voxels of the file. */
          smoothing_vox: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
          has_surfaces: Type.Optional(Type.Boolean()),
          cut: orNull(
            Type.Object(
              {
                axis: Type.Union([Type.Literal('x'), Type.Literal('y'), Type.Literal('z')]),
                share: Type.Number({ minimum: 0, maximum: 1 }),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
    ),
    /** What was measured, newest last. Places are voxels of the file, not rounded; `across_axis` is the file's, 0 = x. */
    measurements: Type.Optional(Type.Array(KeptMeasurement, { maxItems: MOST_KEPT_MEASUREMENTS })),
    /** Labels of the mask that was corrected last; `origin` says which mask that was. */
    corrected: Type.Optional(
      Type.Object(
        {
          origin: Type.String({ maxLength: 1000 }),
          hidden_labels: Type.Array(LabelValue, { maxItems: 1000 }),
          opacities: Type.Array(
            Type.Object({ value: LabelValue, opacity: Type.Number({ minimum: 0, maximum: 1 }) }, closed),
            { maxItems: 1000 },
          ),
        },
        closed,
      ),
    ),
  },
  closed,
)
export type ViewState = Type.Static<typeof ViewState>

/** The program and its processes now. No token, no path and no name of a data file is in it. */
export const Diagnostics = Type.Object(
  {
    versions: Type.Array(Type.Object({ name: Type.String(), version: Type.String() }, closed)),
    /** What is connected, in words. */
    connection: Type.String(),
    processes: Type.Array(
      Type.Object(
        { name: Type.String(), pid: Type.Integer(), memory_mib: Type.Number(), cpu_percent: Type.Number() },
        closed,
      ),
    ),
    log: Type.Array(Type.String()),
  },
  closed,
)
export type Diagnostics = Type.Static<typeof Diagnostics>

/** A crash that was not looked at yet. */
export const CrashNotice = Type.Object({ when: Type.String(), what: Type.String() }, closed)
export type CrashNotice = Type.Static<typeof CrashNotice>

/** The pages outside that can be opened in the browser; the window names one, it gives no address. */
export const OutsidePage = Type.Union([Type.Literal('project'), Type.Literal('report_problem')])
export type OutsidePage = Type.Static<typeof OutsidePage>
