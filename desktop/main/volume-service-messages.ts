import type { Mode0, OpenedVolume } from '../../shared/contract/bridge.ts'
import type { PreviewHeader } from '../../shared/contract/live.ts'
import type { ProblemEnvelope } from '../../shared/errors/domain-error.ts'

/** What the main process asks of the volume service. Every message with a `call` is answered once. */
export type ServiceCall =
  | { type: 'open'; call: number; volume_ref: string; path: string; mode0: Mode0 | null }
  | { type: 'close'; call: number; volume_ref: string }
  /** Shows a finished mask file over the volume, and reads labels from it. */
  | { type: 'mask'; call: number; volume_ref: string; run_ref: string; path: string }
  | { type: 'preview'; call: number; volume_ref: string; run_ref: string; preview: ServicePreview }
  | { type: 'clear_labels'; call: number; volume_ref: string }

export interface ServicePreview {
  stage: PreviewHeader['stage']
  factor: number
  shape_zyx: [number, number, number]
  voxels: Uint8Array | Uint16Array
}

export type ServiceReply =
  | { type: 'reply'; call: number; answer: OpenedVolume | null }
  | { type: 'failed'; call: number; problem: ProblemEnvelope }

/** Hands the service its port to the window. Not answered. */
export interface ServicePort {
  type: 'window_port'
}
