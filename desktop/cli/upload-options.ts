import { homedir } from 'node:os'
import path from 'node:path'
import type { CryoMambaClient, UploadProgress } from '../../shared/client/api.ts'
import { TransferControl } from '../../shared/client/transfer-control.ts'
import { createUploadStore } from '../../shared/client/upload-store-files.ts'
import type { Volume } from '../../shared/contract/volumes.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { openUpload } from '../../shared/node/open-upload.ts'
import type { CommandIo } from './command.ts'

/** Options of the commands that send files. */
export const UPLOAD_OPTIONS = { limit: { type: 'string' }, parallel: { type: 'string' } } as const

/** How files are sent. */
export interface UploadChoice {
  /** Bytes a second; null for no limit. */
  limitBytesPerSecond: number | null
  /** Most parts at once; undefined lets the line decide. */
  concurrency: number | undefined
}

/** @throws {DomainError} `usage` */
export function readUploadOptions(values: { limit?: string; parallel?: string }): UploadChoice {
  const { limit, parallel } = values
  const isNumber = parallel === undefined || (/^\d+$/.test(parallel) && Number(parallel) >= 1 && Number(parallel) <= 8)
  if (!isNumber) throw new DomainError('usage', { reason: '--parallel takes a number from 1 to 8.' })
  return {
    limitBytesPerSecond: limit === undefined ? null : readRate(limit),
    concurrency: parallel === undefined ? undefined : Number(parallel),
  }
}

/** `20M` is 20,000,000 bytes a second: decimal, as networks are sold. @throws {DomainError} `usage` */
export function readRate(text: string): number {
  const found = /^(\d+(?:\.\d+)?)([kMG]?)$/i.exec(text)
  const factor = { '': 1, k: 1e3, m: 1e6, g: 1e9 }[(found?.[2] ?? '').toLowerCase() as '' | 'k' | 'm' | 'g']
  const rate = Math.round(Number(found?.[1]) * factor)
  if (found && rate >= 1000) return rate
  throw new DomainError('usage', { reason: '--limit takes bytes a second, at least 1k: 500k, 20M, 1G.' })
}

export interface SendRequest {
  file: string
  mode0?: 'signed' | 'unsigned'
  choice?: UploadChoice
  chunkBytes?: number
  /** Remembers the upload for another run; not for a server that ends with this command. */
  isRemembered?: boolean
  onProgress: (progress: UploadProgress) => void
}

/** Sends one volume file; the same call after a stop goes on with it. @throws {DomainError} what the upload ended with */
export async function sendFile(client: CryoMambaClient, request: SendRequest, io: CommandIo): Promise<Volume> {
  const { source, modifiedMs, isUnchanged } = await openUpload(request.file, request.mode0)
  const folder = process.env.CRYOMAMBA_STATE ?? path.join(homedir(), '.cryomamba')
  const store = createUploadStore(path.join(folder, 'uploads'), (text) => io.err(`Warning: ${text}`))
  try {
    return await client.upload(source, {
      filename: path.basename(request.file),
      modifiedMs,
      isUnchanged,
      chunkBytes: request.chunkBytes,
      concurrency: request.choice?.concurrency,
      control: new TransferControl(request.choice?.limitBytesPerSecond ?? null),
      ...(request.isRemembered ? { remember: { path: path.resolve(request.file), store } } : {}),
      ...(request.mode0 ? { metadata: { mode0: request.mode0 } } : {}),
      onProgress: request.onProgress,
      signal: io.signal,
    })
  } finally {
    await source.close()
  }
}
