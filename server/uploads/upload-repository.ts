import type { ProblemEnvelope } from '../../shared/errors/domain-error.ts'

export type UploadStateName = 'receiving' | 'verifying' | 'completed' | 'failed'

export interface UploadRecord {
  uploadId: string
  owner: string
  state: UploadStateName
  filename: string
  totalBytes: number
  chunkBytes: number
  fingerprint: string | null
  sha256: string | null
  metadata: Record<string, unknown>
  createdAt: string
  expiresAt: string
  volumeId: string | null
  error: ProblemEnvelope | null
}

export interface ReceivedPart {
  partIndex: number
  sizeBytes: number
  sha256: string
}

/** Where uploads and their parts are recorded. A part is only recorded once its bytes are synced. */
export interface UploadRepository {
  insert(record: UploadRecord): Promise<void>
  find(uploadId: string): Promise<UploadRecord | null>
  /** An upload of this file that still gets parts, or is checked. */
  findOpen(owner: string, fingerprint: string, totalBytes: number): Promise<UploadRecord | null>
  withState(state: UploadStateName): Promise<UploadRecord[]>
  /** Moves from one state to the next; false when the upload was no longer in `from`. */
  move(
    uploadId: string,
    from: UploadStateName,
    to: UploadStateName,
    change?: Partial<Pick<UploadRecord, 'sha256' | 'volumeId' | 'error'>>,
  ): Promise<boolean>
  /** A finished upload of this user whose volume is still there and whose size and samples are the same. */
  findFinished(owner: string, fingerprint: string, totalBytes: number): Promise<UploadRecord | null>
  /** Unfinished uploads of a user. */
  countOpen(owner: string): Promise<number>
  /** What a user's managed volumes, unfinished uploads (whole size) and artifacts take. */
  usedBytes(owner: string): Promise<number>
  /** What all unfinished uploads have still to write. */
  outstandingBytes(): Promise<number>
  /** Somebody goes on with an upload: it is kept longer. */
  extend(uploadId: string, expiresAt: string): Promise<void>
  delete(uploadId: string): Promise<void>
  /** Forgets what was received, for a file that is gone from the disk. */
  forgetParts(uploadId: string): Promise<void>
  part(uploadId: string, partIndex: number): Promise<ReceivedPart | null>
  parts(uploadId: string): Promise<ReceivedPart[]>
  recordPart(uploadId: string, part: ReceivedPart): Promise<void>
}
