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
  findOpen(owner: string, fingerprint: string, totalBytes: number): Promise<UploadRecord | null>
  withState(state: UploadStateName): Promise<UploadRecord[]>
  /** Moves from one state to the next; false when the upload was no longer in `from`. */
  move(
    uploadId: string,
    from: UploadStateName,
    to: UploadStateName,
    change?: Partial<Pick<UploadRecord, 'sha256' | 'volumeId' | 'error'>>,
  ): Promise<boolean>
  delete(uploadId: string): Promise<void>
  parts(uploadId: string): Promise<ReceivedPart[]>
  recordPart(uploadId: string, part: ReceivedPart): Promise<void>
}
