import { Type } from 'typebox'
import { closed, ErrorEnvelope, Id, Sha256, Time } from './common.ts'
import { Volume } from './volumes.ts'

export const InitUpload = Type.Object(
  {
    filename: Type.String({ minLength: 1, maxLength: 255 }),
    total_size: Type.Integer({ minimum: 1 }),
    chunk_size: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Size, modification time and hash of head, middle and tail; finds the session of the same file again. */
    fingerprint: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    /** Hash of the whole file, where it is known before sending. */
    sha256: Type.Optional(Sha256),
    metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    /** Without `sha256`: asks to be told of a finished upload that looks the same, before an upload is opened. */
    ask_known: Type.Optional(Type.Boolean()),
  },
  closed,
)
export type InitUpload = Type.Static<typeof InitUpload>

export const UploadState = Type.Union([
  Type.Literal('receiving'),
  Type.Literal('verifying'),
  Type.Literal('completed'),
  Type.Literal('failed'),
])

/** An upload. Parts are indexed from 0; `received_parts` are recorded and synced on disk. */
export const Upload = Type.Object({
  upload_id: Id,
  state: UploadState,
  filename: Type.String(),
  total_size: Type.Integer(),
  chunk_size: Type.Integer(),
  total_parts: Type.Integer(),
  received_parts: Type.Array(Type.Integer()),
  expires_at: Time,
  volume: Type.Optional(Volume),
  error: Type.Optional(ErrorEnvelope),
})
export type Upload = Type.Static<typeof Upload>

/**
 * An open session; or the volume at once when the server has that file already; or, to `ask_known`, that it may have it:
 * ask again with the hash of the whole file.
 */
export const InitUploadReply = Type.Union([
  Upload,
  Type.Object({ volume: Volume }, closed),
  Type.Object({ looks_known: Type.Literal(true) }, closed),
])
export type InitUploadReply = Type.Static<typeof InitUploadReply>

export const PartReceived = Type.Object({
  upload_id: Id,
  part_index: Type.Integer(),
  received_bytes: Type.Integer(),
  sha256: Sha256,
})
export type PartReceived = Type.Static<typeof PartReceived>

export const CompleteUpload = Type.Object({ sha256: Type.Optional(Sha256) }, closed)
export type CompleteUpload = Type.Static<typeof CompleteUpload>
