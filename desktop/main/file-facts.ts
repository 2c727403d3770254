import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { type Static, type TSchema, Type } from 'typebox'
import { Mode0 } from '../../shared/contract/bridge.ts'
import { ViewState } from '../../shared/contract/preferences.ts'
import { StoredFile } from './stored-file.ts'

// 200 files of about 1 kB each; the one not used for longest goes.
const MOST_FILES = 200

/** What is kept of files of the user's, by path, size and time of change: another file under the same name is new. */
export class FileFacts<T> {
  private readonly file: StoredFile<ReturnType<typeof entriesOf>>

  /**
   * @param file   where it is stored
   * @param schema of `T`
   */
  constructor(file: string, schema: TSchema) {
    this.file = new StoredFile(file, entriesOf(schema), [])
  }

  /** What is kept of a file as it is now; null of one that is new or gone. */
  async find(file: string): Promise<T | null> {
    const key = await keyOf(file)
    return (this.file.value.find((one) => one.key === key)?.state as T | undefined) ?? null
  }

  /** Nothing is kept of a file that is gone. */
  async keep(file: string, state: T): Promise<void> {
    const key = await keyOf(file)
    if (!key) return
    const others = this.file.value.filter((one) => one.key !== key)
    this.file.save([{ key, state }, ...others].slice(0, MOST_FILES))
  }
}

function entriesOf(state: TSchema) {
  return Type.Array(Type.Object({ key: Type.String(), state }))
}

async function keyOf(file: string): Promise<string | null> {
  const found = await stat(file).catch(() => null)
  if (!found) return null
  return createHash('sha256')
    .update(JSON.stringify([file, found.size, found.mtimeMs]))
    .digest('hex')
}

/** A label as people know it. */
const NamedLabel = Type.Object({
  value: Type.Integer({ minimum: 1, maximum: 65_535 }),
  name: Type.String({ maxLength: 200 }),
  color: Type.String({ pattern: '^#[0-9a-fA-F]{6}$' }),
})
const LabelList = Type.Array(NamedLabel, { maxItems: 1000 })
type LabelList = Static<typeof LabelList>

/** Everything that is kept of files. */
export interface KeptFacts {
  /** How each volume was looked at last. */
  views: FileFacts<ViewState>
  /** Names and colours of labels: of a mask file, or of a mask that began empty, by its volume. */
  labels: FileFacts<LabelList>
  /** How the bytes of an MRC file of mode 0 are read, where the user was asked. */
  signs: FileFacts<Mode0>
}

/** @param folder of the program's settings */
export function openKeptFacts(folder: string): KeptFacts {
  return {
    views: new FileFacts(path.join(folder, 'views.json'), ViewState),
    labels: new FileFacts(path.join(folder, 'labels.json'), LabelList),
    signs: new FileFacts(path.join(folder, 'signs.json'), Mode0),
  }
}
