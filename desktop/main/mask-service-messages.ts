import type { Mode0 } from '../../shared/contract/bridge.ts'
import type { MaskOperation } from '../../shared/contract/mask-edit.ts'
import type { KeptMask, LabelChange, MaskView } from '../../shared/contract/mask-view.ts'
import type { ProblemEnvelope } from '../../shared/errors/domain-error.ts'

/** The volume that a mask lies on. */
export interface MaskVolume {
  volume_ref: string
  name: string
  file: string
  mode0: Mode0 | null
}

/** A label as people know it. */
export interface NamedLabel {
  value: number
  name: string
  color: string
}

/** What a mask begins with. `labels` are names and colours that are known of it. */
export type MaskBeginning =
  | { kind: 'run'; name: string; file: string; labels: NamedLabel[]; run_ref: string }
  | { kind: 'file'; name: string; file: string; mode0: Mode0 | null; labels: NamedLabel[] }
  | { kind: 'empty'; labels: NamedLabel[] }

/** Where a mask is written, and what of it. */
export interface MaskTarget {
  file: string
  labels: number[] | null
  is_cropped: boolean
}

/** What is made of a mask beside voxels. */
export type TakeKind = 'surface' | 'coordinates' | 'statistics' | 'report' | 'zarr' | 'movie'

/** What the main process asks of the mask service. Every message with a `call` is answered once. */
export type MaskCall =
  | { type: 'begin'; mask_ref: string; volume: MaskVolume; beginning: MaskBeginning }
  /** Takes up what an earlier start kept; its probability can be had where the run is still known. */
  | { type: 'recover'; mask_ref: string; volume: MaskVolume; can_have_probability: boolean }
  | { type: 'apply'; mask_ref: string; operation: MaskOperation }
  | { type: 'undo' | 'redo'; mask_ref: string }
  | { type: 'cancel'; mask_ref: string }
  | { type: 'label'; change: LabelChange }
  | { type: 'probability'; mask_ref: string; probability: string; candidate: string }
  /** `is_confirmed`: also where the volume has changed since the mask was begun. */
  | { type: 'save'; mask_ref: string; target: MaskTarget; is_confirmed: boolean }
  | {
      type: 'take'
      mask_ref: string
      kind: TakeKind
      file: string
      labels: number[] | null
      is_confirmed: boolean
    }
  /** Another volume is open: what is not exported stays kept. */
  | { type: 'leave'; mask_ref: string }
  | { type: 'close'; mask_ref: string; is_discarded: boolean }
  /** Masks that earlier starts kept, newest first. */
  | { type: 'kept' }
  | { type: 'forget'; mask_ref: string }

/** A kept mask, and the file that it lies on. */
export interface KeptFile {
  kept: KeptMask
  file: string
  mode0: Mode0 | null
  /** The run that it began with; null for none, and of earlier versions. */
  run_ref: string | null
}

/** What a call is answered with; members that the call has no use for are absent. */
export interface MaskAnswer {
  view?: MaskView
  num_voxels?: number
  kept?: KeptFile[]
  /** Why some of what is kept cannot be offered. */
  unreadable?: ProblemEnvelope[]
  size_bytes?: number
  warnings?: { code: string; message: string }[]
}

export type MaskReply =
  | { type: 'reply'; call: number; answer: MaskAnswer }
  | { type: 'failed'; call: number; problem: ProblemEnvelope }
  /** A new snapshot, without being asked. */
  | { type: 'changed'; view: MaskView }

/** First message: where masks are kept, and unpacked copies of compressed volumes. */
export interface MaskStart {
  type: 'start'
  folder: string
  copies: { folder: string; mostBytes: number }
  program_version: string
}
