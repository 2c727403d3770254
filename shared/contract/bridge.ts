import { Type } from 'typebox'
import { CERTIFICATE_INPUTS, UnknownCertificate } from './certificate.ts'
import { MenuCommand } from './commands.ts'
import { closed, Dtype, ErrorEnvelope, LengthUnit, ShapeZyx, Warning } from './common.ts'
import { JobEstimate } from './estimate.ts'
import { JobProgress, JobResult } from './jobs.ts'
import { KeptMask, MASK_INPUTS, MaskView } from './mask-view.ts'
import { ModelSummary } from './models.ts'
import { AdoptJob, JobsLookedAt, OtherJobList } from './other-jobs.ts'
import { Me } from './people.ts'
import { BegunPicture, PICTURE_INPUTS } from './pictures.ts'
import {
  CrashNotice,
  Diagnostics,
  OutsidePage,
  Preferences,
  PreferencesChange,
  RecentFile,
  ViewState,
} from './preferences.ts'
import { RUN_INPUTS, RunFacts } from './run-orders.ts'
import { ServerInfo } from './server-info.ts'

/** Identifies one opened file, one run, one request: made by the main process, meaningless to others. */
export const Ref = Type.String({ pattern: '^[a-z0-9-]{1,64}$' })
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])
const Token = Type.String({ minLength: 1, maxLength: 4096 })
const ServerUrl = Type.String({ minLength: 1, maxLength: 2048 })

export const Theme = Type.Union([Type.Literal('dark'), Type.Literal('light')])
export type Theme = Type.Static<typeof Theme>

/** How slices are drawn, kept between starts. */
export const ViewSettings = Type.Object(
  {
    is_y_down: Type.Boolean(),
    /** Most voxels of a level that is shown; null leaves it to the graphics card. */
    most_voxels: orNull(Type.Integer({ minimum: 1 })),
  },
  closed,
)
export type ViewSettings = Type.Static<typeof ViewSettings>

/** A server that was used before. The token itself never reaches the window. */
export const KnownServer = Type.Object({ url: Type.String(), has_token: Type.Boolean() }, closed)
export type KnownServer = Type.Static<typeof KnownServer>

/** How 8-bit values of an MRC file of mode 0 are read; null leaves it to the rule of DESIGN §5. */
export const Mode0 = Type.Union([Type.Literal('signed'), Type.Literal('unsigned')])
export type Mode0 = Type.Static<typeof Mode0>

/** A file that is open. Affine: voxel index (x, y, z) → world, row-major, in `unit`. */
export const OpenedVolume = Type.Object(
  {
    volume_ref: Ref,
    name: Type.String(),
    size_bytes: Type.Number(),
    format: Type.Union([Type.Literal('mrc'), Type.Literal('nifti'), Type.Literal('nrrd'), Type.Literal('ome-zarr')]),
    shape_zyx: ShapeZyx,
    num_volumes: Type.Integer(),
    dtype: Dtype,
    voxel_size_zyx: orNull(Type.Tuple([Type.Number(), Type.Number(), Type.Number()])),
    unit: orNull(LengthUnit),
    affine: Type.Array(Type.Number(), { minItems: 16, maxItems: 16 }),
    warnings: Type.Array(Warning),
    mode0: orNull(Mode0),
    /** The whole header as the file has it, names as its format gives them; for people. */
    header: Type.Optional(Type.Array(Type.Object({ name: Type.String(), value: Type.String() }, closed))),
  },
  closed,
)
export type OpenedVolume = Type.Static<typeof OpenedVolume>

/** A server that answered, and what it can run. */
export const Connection = Type.Object(
  {
    kind: Type.Union([Type.Literal('server'), Type.Literal('local')]),
    url: Type.String(),
    info: ServerInfo,
    models: Type.Array(ModelSummary),
    /** Whose the token is; null from an older server. */
    me: orNull(Me),
  },
  closed,
)
export type Connection = Type.Static<typeof Connection>

export const ConnectionTarget = Type.Union([
  Type.Object({ kind: Type.Literal('local') }, closed),
  /** Without a token the one kept for this server is used. */
  Type.Object({ kind: Type.Literal('server'), url: ServerUrl, token: orNull(Token) }, closed),
])
export type ConnectionTarget = Type.Static<typeof ConnectionTarget>

export const RunLabel = Type.Object(
  { value: Type.Integer(), name: Type.String(), color: Type.String(), voxels: orNull(Type.Number()) },
  closed,
)
export type RunLabel = Type.Static<typeof RunLabel>

export const RunPhase = Type.Union([
  Type.Literal('preparing'),
  Type.Literal('uploading'),
  Type.Literal('queued'),
  Type.Literal('running'),
  Type.Literal('fetching'),
  /** The user stopped the upload or the job; what was sent, or finished, is kept. */
  Type.Literal('paused'),
  /** The server cannot be asked now; `problem` says why. The run is taken up once it can. */
  Type.Literal('waiting'),
  Type.Literal('completed'),
  Type.Literal('failed'),
  Type.Literal('canceled'),
])
export type RunPhase = Type.Static<typeof RunPhase>

export const UploadFacts = Type.Object(
  {
    phase: Type.Union([
      Type.Literal('hashing'),
      Type.Literal('sending'),
      Type.Literal('verifying'),
      Type.Literal('done'),
    ]),
    sent_bytes: Type.Number(),
    total_bytes: Type.Number(),
    bytes_per_second: orNull(Type.Number()),
    seconds_left: orNull(Type.Number()),
    /** The server does not answer; the upload keeps trying. */
    is_retrying: Type.Boolean(),
  },
  closed,
)
export type UploadFacts = Type.Static<typeof UploadFacts>

export const MaskFormat = Type.Union([Type.Literal('mrc'), Type.Literal('nii.gz'), Type.Literal('nrrd')])
export type MaskFormat = Type.Static<typeof MaskFormat>

/** One run as the window shows it: a whole snapshot each time, so that nothing old can stay behind. */
export const RunView = Type.Object(
  {
    run_ref: Ref,
    volume_ref: Ref,
    volume_name: Type.String(),
    model_id: Type.String(),
    model_name: Type.String(),
    server_name: Type.String(),
    phase: RunPhase,
    is_canceling: Type.Boolean(),
    is_connection_lost: Type.Boolean(),
    /** The job was asked to stop for a while, and still finishes its tile. */
    is_pausing: Type.Optional(Type.Boolean()),
    attempt: Type.Integer(),
    upload: orNull(UploadFacts),
    progress: orNull(JobProgress),
    num_previews: Type.Integer(),
    /** Share of the volume that the newest preview covers, 0 to 1. */
    coverage: Type.Number(),
    labels: Type.Array(RunLabel),
    result: orNull(JobResult),
    warnings: Type.Array(Warning),
    problem: orNull(ErrorEnvelope),
    ...RunFacts,
  },
  closed,
)
export type RunView = Type.Static<typeof RunView>

/** What the window has to know at its start. */
export const AppState = Type.Object(
  {
    version: Type.String(),
    platform: Type.String(),
    /** The colours in use; the choice behind them is in `preferences`. */
    theme: Theme,
    preferences: Preferences,
    recent: Type.Array(RecentFile),
    /** A crash since the last start. */
    crash: orNull(CrashNotice),
    view: ViewSettings,
    servers: Type.Array(KnownServer),
    /** False where the system offers no encryption: tokens are then kept only until the program closes. */
    can_keep_tokens: Type.Boolean(),
    has_sample: Type.Boolean(),
    /** Null where this computer can run models; else why it cannot. */
    local_engine_problem: orNull(ErrorEnvelope),
    /** What is in use and under way already: a window that was loaded again goes on with it. */
    connection: orNull(Connection),
    /** The server on this computer was in use last: it is taken up again once a volume is open. */
    uses_this_computer: Type.Boolean(),
    /** Whose labels are over the open volume. */
    run: orNull(RunView),
    /** All that are known, newest first. */
    runs: Type.Array(RunView),
  },
  closed,
)
export type AppState = Type.Static<typeof AppState>

/** What an export left on disk. Null when the dialog was closed without a choice. */
export const ExportedFile = orNull(
  Type.Object({ name: Type.String(), size_bytes: Type.Number(), warnings: Type.Array(Warning) }, closed),
)
export type ExportedFile = Type.Static<typeof ExportedFile>

const Nothing = Type.Null()

/** Requests of the window to the main process: what goes in, what comes back. Checked on both sides. */
export const BRIDGE_REQUESTS = {
  'app.state': { input: Nothing, output: AppState },
  /** The window can take events now; whatever waited (a file argument) is opened. */
  'app.ready': { input: Nothing, output: Nothing },
  'settings.theme': { input: Theme, output: Nothing },
  'settings.view': { input: ViewSettings, output: Nothing },
  'preferences.change': { input: PreferencesChange, output: Nothing },
  /** Asks for the folder that exports are offered. */
  'preferences.results_folder': { input: Nothing, output: Nothing },
  'recent.open': { input: RecentFile.properties.recent_ref, output: Nothing },
  'recent.clear': { input: Nothing, output: Nothing },
  /** How the open file was looked at before; null when it is new. */
  'view_state.find': { input: Ref, output: orNull(ViewState) },
  'view_state.keep': { input: Type.Object({ volume_ref: Ref, state: ViewState }, closed), output: Nothing },
  'diagnostics.read': { input: Nothing, output: Diagnostics },
  /** Puts the report without secrets on the clipboard. */
  'diagnostics.copy': { input: Nothing, output: Nothing },
  'crash.folder': { input: Nothing, output: Nothing },
  'crash.seen': { input: Nothing, output: Nothing },
  'outside.open': { input: OutsidePage, output: Nothing },
  'volume.choose': { input: Nothing, output: Nothing },
  'volume.sample': { input: Nothing, output: Nothing },
  'volume.drop': { input: Type.String({ minLength: 1, maxLength: 32_768 }), output: Nothing },
  /** Opens the file on show again, its 8-bit values read as the user says. */
  'volume.mode0': { input: Mode0, output: Nothing },
  'volume.close': { input: Nothing, output: Nothing },
  /** Asks for a volume to look at beside the one on show. */
  'beside.choose': { input: Nothing, output: Nothing },
  'beside.close': { input: Nothing, output: Nothing },
  'connection.test': { input: ConnectionTarget, output: ServerInfo },
  'connection.use': { input: ConnectionTarget, output: Connection },
  'connection.leave': { input: Nothing, output: Nothing },
  /** Removes a server from the list, and its token. */
  'connection.forget': { input: Type.Object({ url: ServerUrl }, closed), output: Nothing },
  /** The certificate that a server shows, to be compared. One that replaces a confirmed one is refused. */
  'connection.certificate': { input: CERTIFICATE_INPUTS.ofServer, output: UnknownCertificate },
  /** Asks for the file of a lab's authority; false where none was chosen. Kept where it vouches for the server. */
  'connection.authority': { input: CERTIFICATE_INPUTS.ofServer, output: Type.Boolean() },
  /** Remembers a certificate that was shown before as the one of its server. */
  'connection.trust': { input: CERTIFICATE_INPUTS.confirm, output: Nothing },
  /** Jobs of the server in use that were made elsewhere, newest first. */
  'run.elsewhere': { input: JobsLookedAt, output: OtherJobList },
  /** Makes a run of a job that was made elsewhere. */
  'run.adopt': { input: AdoptJob, output: RUN_INPUTS.ofRun },
  'run.start': { input: RUN_INPUTS.start, output: Nothing },
  /** What a run would take; null where the server cannot tell. */
  'run.estimate': { input: RUN_INPUTS.estimate, output: orNull(JobEstimate) },
  'run.cancel': { input: RUN_INPUTS.ofRun, output: Nothing },
  /** Stops an upload; what was sent stays on the server for a while. */
  'run.pause': { input: RUN_INPUTS.ofRun, output: Nothing },
  /** Goes on with a run that is paused, waits, failed or was canceled. */
  'run.resume': { input: RUN_INPUTS.ofRun, output: Nothing },
  /** Opens the file of a run, unless it is open, and shows its labels. */
  'run.show': { input: RUN_INPUTS.ofRun, output: Nothing },
  'run.dismiss': { input: RUN_INPUTS.ofRun, output: Nothing },
  /** Asks for files and runs one model on each. Null when no file was chosen. */
  'batch.start': { input: RUN_INPUTS.batch, output: orNull(RUN_INPUTS.ofBatch) },
  /** Saves the table of a batch as CSV. */
  'batch.export': { input: RUN_INPUTS.ofBatch, output: ExportedFile },
  'mask.export': { input: Type.Object({ run_ref: Ref, format: MaskFormat }, closed), output: ExportedFile },
  /** Saves the probability that the run kept. */
  'run.probability': { input: Type.Object({ run_ref: Ref }, closed), output: ExportedFile },
  /** Begins to correct a mask; null when the dialog was closed without a choice. */
  'mask.edit': { input: MASK_INPUTS.edit, output: orNull(MaskView) },
  'mask.apply': { input: MASK_INPUTS.apply, output: Type.Object({ num_voxels: Type.Integer() }, closed) },
  'mask.undo': { input: MASK_INPUTS.ofMask, output: Nothing },
  'mask.redo': { input: MASK_INPUTS.ofMask, output: Nothing },
  /** Ends what is being carried out; nothing of it stays. */
  'mask.cancel': { input: MASK_INPUTS.ofMask, output: Nothing },
  /** Changes a label, or adds it to the list. */
  'mask.label': { input: MASK_INPUTS.label, output: Nothing },
  /** Brings the run's probability here, for the threshold. */
  'mask.probability': { input: MASK_INPUTS.ofMask, output: Nothing },
  'mask.save': { input: MASK_INPUTS.save, output: ExportedFile },
  'mask.take': { input: MASK_INPUTS.take, output: ExportedFile },
  /** Ends correcting. Changes that are neither exported nor discarded are refused. */
  'mask.close': { input: MASK_INPUTS.close, output: Nothing },
  /** Takes up or throws away what an earlier start kept. */
  'mask.recover': { input: MASK_INPUTS.recover, output: Nothing },
  /** Asks where a screenshot or a movie is to be written, and begins the file. */
  'picture.begin': { input: PICTURE_INPUTS.begin, output: BegunPicture },
  'picture.write': { input: PICTURE_INPUTS.write, output: Nothing },
  /** The file is whole: it goes to its place. */
  'picture.finish': { input: PICTURE_INPUTS.ofPicture, output: ExportedFile },
  /** Nothing of it stays. */
  'picture.discard': { input: PICTURE_INPUTS.ofPicture, output: Nothing },
} as const
export type BridgeChannel = keyof typeof BRIDGE_REQUESTS
export type BridgeInput<C extends BridgeChannel> = Type.Static<(typeof BRIDGE_REQUESTS)[C]['input']>
export type BridgeOutput<C extends BridgeChannel> = Type.Static<(typeof BRIDGE_REQUESTS)[C]['output']>

const event = <T extends string, D extends Parameters<typeof Type.Object>[0]>(type: T, data: D) =>
  Type.Object({ type: Type.Literal(type), ...data }, closed)

/**
 * Requests that only the preload script makes, out of what the page hands to it: a page must not name a path. The page's
 * own request of such a name is refused.
 */
export const PRELOAD_CHANNELS: readonly BridgeChannel[] = ['volume.drop']

/** What the main process tells the window. */
export const DesktopEvent = Type.Union([
  event('volume_opening', { name: Type.String() }),
  event('volume_opened', { volume: OpenedVolume }),
  event('volume_closed', {}),
  event('volume_failed', { name: Type.String(), problem: ErrorEnvelope }),
  event('beside_opened', { volume: OpenedVolume }),
  event('beside_closed', {}),
  event('run_changed', { run: RunView }),
  event('run_removed', { run_ref: Ref }),
  /** Whose labels are over the open volume now. */
  event('run_shown', { run_ref: orNull(Ref) }),
  /** Whether the server in use answers; `problem` is null while it does. */
  event('server_heard', { problem: orNull(ErrorEnvelope) }),
  event('mask_changed', { mask: MaskView }),
  event('mask_closed', { mask_ref: Ref }),
  event('mask_kept', { kept: KeptMask }),
  event('problem', { problem: ErrorEnvelope }),
  event('connection_lost', { problem: ErrorEnvelope }),
  event('preferences_changed', { preferences: Preferences, theme: Theme }),
  event('recent_changed', { recent: Type.Array(RecentFile) }),
  event('menu', { command: MenuCommand }),
])
export type DesktopEvent = Type.Static<typeof DesktopEvent>

/** Reply of every request: a value, or the problem in the one envelope. */
export type BridgeReply = { ok: true; value: unknown } | { ok: false; problem: Type.Static<typeof ErrorEnvelope> }

/** Name of the only channel for requests, for events and for handing over the volume port. */
export const BRIDGE_CHANNELS = {
  request: 'cryomamba:request',
  event: 'cryomamba:event',
  port: 'cryomamba:port',
  maskPort: 'cryomamba:mask-port',
  /** To the service of the volume beside. */
  besidePort: 'cryomamba:beside-port',
} as const
