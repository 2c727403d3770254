import { stat } from 'node:fs/promises'
import type { ByteSource } from '../volume/header.ts'
import { asReadProblem, openFileSource } from './file-source.ts'
import { openVolumeFile } from './volume-file.ts'

/** A volume file opened to be sent. */
export interface UploadFile {
  source: ByteSource
  modifiedMs: number
  /** False once the file has another size or modification time than when it was opened, or is gone. */
  isUnchanged(): Promise<boolean>
}

/**
 * Opens a volume file to be sent, once its header was read: a truncated file, one whose header promises more than it
 * holds, and one that is no volume are refused before a byte goes out. The caller closes `source`.
 * @throws {DomainError} `file_not_found`, `file_unreadable`, `format_*`
 */
export async function openUpload(file: string, mode0?: 'signed' | 'unsigned'): Promise<UploadFile> {
  const volume = await openVolumeFile(file, mode0 ? { mode0 } : {})
  await volume.close()
  const facts = await stat(file).catch((error) => {
    throw asReadProblem(error, file)
  })
  const source = await openFileSource(file)
  const isUnchanged = async () => {
    const now = await stat(file).catch(() => null)
    return now !== null && now.mtimeMs === facts.mtimeMs && now.size === facts.size && now.ino === facts.ino
  }
  return { source, modifiedMs: facts.mtimeMs, isUnchanged }
}
