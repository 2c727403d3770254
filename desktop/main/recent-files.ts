import { createHash } from 'node:crypto'
import path from 'node:path'
import { app } from 'electron'
import { Type } from 'typebox'
import type { RecentFile } from '../../shared/contract/preferences.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { StoredFile } from './stored-file.ts'

const MAX_FILES = 10
const Stored = Type.Array(Type.String(), { maxItems: MAX_FILES })

/** The files that were open last, newest first; also in the menu of the dock or the taskbar. */
export class RecentFiles {
  private readonly file: StoredFile<typeof Stored>
  private readonly onChange: () => void

  constructor(folder: string, onChange: () => void) {
    this.file = new StoredFile(path.join(folder, 'recent.json'), Stored, [])
    this.onChange = onChange
  }

  /** As the window and the menu show them: a name and the folder it is in, no path. */
  get list(): RecentFile[] {
    return this.file.value.map((file) => ({
      recent_ref: refOf(file),
      name: path.basename(file),
      folder_name: path.basename(path.dirname(file)),
    }))
  }

  opened(file: string): void {
    if (this.file.value[0] === file) return
    this.keep([file, ...this.file.value.filter((one) => one !== file)].slice(0, MAX_FILES))
    if (process.platform !== 'linux') app.addRecentDocument(file)
  }

  /** The path of a file in the list. @throws {DomainError} `recent_file_unknown` */
  find(recentRef: string): string {
    const file = this.file.value.find((one) => refOf(one) === recentRef)
    if (!file) throw new DomainError('recent_file_unknown')
    return file
  }

  clear(): void {
    this.keep([])
    if (process.platform !== 'linux') app.clearRecentDocuments()
  }

  private keep(files: string[]): void {
    this.file.save(files)
    this.onChange()
  }
}

function refOf(file: string): string {
  return createHash('sha256').update(file).digest('hex').slice(0, 16)
}
