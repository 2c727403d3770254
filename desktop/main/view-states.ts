import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { Type } from 'typebox'
import { ViewState } from '../../shared/contract/preferences.ts'
import { StoredFile } from './stored-file.ts'

// 200 files of about 1 kB each; the one not used for longest goes.
const MAX_STATES = 200
const Stored = Type.Array(Type.Object({ key: Type.String(), state: ViewState }))

/** How each file was looked at last, by path, size and time of change: another file under the same name is new. */
export class ViewStates {
  private readonly file: StoredFile<typeof Stored>

  constructor(folder: string) {
    this.file = new StoredFile(path.join(folder, 'views.json'), Stored, [])
  }

  async find(file: string): Promise<ViewState | null> {
    const key = await keyOf(file)
    return this.file.value.find((one) => one.key === key)?.state ?? null
  }

  /** Keeps a state; nothing is kept of a file that is gone. */
  async keep(file: string, state: ViewState): Promise<void> {
    const key = await keyOf(file)
    if (!key) return
    const others = this.file.value.filter((one) => one.key !== key)
    this.file.save([{ key, state }, ...others].slice(0, MAX_STATES))
  }
}

async function keyOf(file: string): Promise<string | null> {
  const found = await stat(file).catch(() => null)
  if (!found) return null
  return createHash('sha256')
    .update(JSON.stringify([file, found.size, found.mtimeMs]))
    .digest('hex')
}
