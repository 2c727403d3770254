import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { UploadNote, UploadStore } from './upload-store.ts'

/**
 * Notes of unfinished uploads, one small file each, written whole and renamed. A damaged one is ignored with a warning:
 * the server still knows the upload by the fingerprint of the file.
 */
export function createUploadStore(folder: string, onWarning: (text: string) => void): UploadStore {
  const fileOf = (server: string, file: string) => {
    const name = createHash('sha256').update(`${server}\n${file}`).digest('hex').slice(0, 32)
    return path.join(folder, `${name}.json`)
  }
  return {
    find: async (server, file) => {
      const text = await readFile(fileOf(server, file), 'utf8').catch(() => null)
      if (text === null) return null
      const note = noteOf(text)
      if (note?.server === server && note.path === file) return note
      onWarning(`The note of an unfinished upload is damaged and is not used: ${fileOf(server, file)}`)
      return null
    },
    save: async (note) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const target = fileOf(note.server, note.path)
      const made = await open(`${target}.${process.pid}.partial`, 'w', 0o600)
      try {
        await made.writeFile(JSON.stringify(note))
        await made.sync()
      } finally {
        await made.close()
      }
      await rename(`${target}.${process.pid}.partial`, target)
    },
    remove: (server, file) => rm(fileOf(server, file), { force: true }),
  }
}

function noteOf(text: string): UploadNote | null {
  try {
    const note = JSON.parse(text)
    const words = [note.server, note.path, note.fingerprint, note.upload_id]
    const isNote =
      words.every((word) => typeof word === 'string') &&
      Number.isInteger(note.size) &&
      typeof note.mtime === 'number' &&
      (note.sha256 === null || /^[0-9a-f]{64}$/.test(note.sha256))
    return isNote ? note : null
  } catch {
    return null
  }
}
