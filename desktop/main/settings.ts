import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { Theme, ViewSettings } from '../../shared/contract/bridge.ts'

const StoredServer = Type.Object({ url: Type.String(), token_encrypted: Type.Union([Type.String(), Type.Null()]) })
const StoredSettings = Type.Object({
  schema_version: Type.Literal(1),
  theme: Theme,
  /** Absent in files of earlier versions. */
  view: Type.Optional(ViewSettings),
  /** Newest first. Tokens are there only as the system's keychain encrypted them. */
  servers: Type.Array(StoredServer),
})
export type StoredSettings = Type.Static<typeof StoredSettings>
export type StoredServer = Type.Static<typeof StoredServer>

const MAX_SERVERS = 10
const DEFAULTS: StoredSettings = { schema_version: 1, theme: 'dark', servers: [] }

/** What the program remembers between starts: one JSON file, replaced by a rename. A damaged file counts as absent. */
export class Settings {
  private readonly file: string
  private stored: StoredSettings

  constructor(folder: string) {
    this.file = path.join(folder, 'settings.json')
    this.stored = read(this.file)
  }

  get theme(): Theme {
    return this.stored.theme
  }

  set theme(theme: Theme) {
    this.save({ ...this.stored, theme })
  }

  get view(): ViewSettings {
    return this.stored.view ?? { is_y_down: false, most_voxels: null }
  }

  set view(view: ViewSettings) {
    this.save({ ...this.stored, view })
  }

  get servers(): readonly StoredServer[] {
    return this.stored.servers
  }

  /** Puts a server first in the list. */
  remember(server: StoredServer): void {
    const others = this.stored.servers.filter((one) => one.url !== server.url)
    this.save({ ...this.stored, servers: [server, ...others].slice(0, MAX_SERVERS) })
  }

  /** Takes a server out of the list. */
  forget(url: string): void {
    this.save({ ...this.stored, servers: this.stored.servers.filter((one) => one.url !== url) })
  }

  private save(next: StoredSettings): void {
    this.stored = next
    mkdirSync(path.dirname(this.file), { recursive: true })
    writeFileSync(`${this.file}.partial`, `${JSON.stringify(next, null, 2)}\n`, { mode: 0o600 })
    renameSync(`${this.file}.partial`, this.file)
  }
}

function read(file: string): StoredSettings {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return Value.Check(StoredSettings, found) ? found : DEFAULTS
  } catch {
    return DEFAULTS
  }
}
