import path from 'node:path'
import { Type } from 'typebox'
import { ViewSettings } from '../../shared/contract/bridge.ts'
import { CERTIFICATE_INPUTS, type ConfirmedCertificate } from '../../shared/contract/certificate.ts'
import { ThemeChoice } from '../../shared/contract/preferences.ts'
import { StoredFile } from './stored-file.ts'

const StoredServer = Type.Object({ url: Type.String(), token_encrypted: Type.Union([Type.String(), Type.Null()]) })
const StoredAuthority = Type.Object({ url: Type.String(), pem: Type.String() })
const StoredSettings = Type.Object({
  schema_version: Type.Literal(1),
  /** Of a version before the preferences had a file of their own. */
  theme: Type.Optional(ThemeChoice),
  /** Absent in files of earlier versions. */
  view: Type.Optional(ViewSettings),
  /** Newest first. Tokens are there only as the system's keychain encrypted them. */
  servers: Type.Array(StoredServer),
  /** Confirmed by the user; at most one for each server. */
  certificates: Type.Optional(Type.Array(CERTIFICATE_INPUTS.confirm)),
  /** Certificates of authorities that the user chose, PEM; at most one file for each server. */
  authorities: Type.Optional(Type.Array(StoredAuthority)),
  /** The server on this computer was in use last. */
  uses_this_computer: Type.Optional(Type.Boolean()),
})
export type StoredServer = Type.Static<typeof StoredServer>
export type StoredAuthority = Type.Static<typeof StoredAuthority>

const MAX_SERVERS = 10

/** The servers and the settings of the view that the program remembers between starts. */
export class Settings {
  private readonly file: StoredFile<typeof StoredSettings>

  constructor(folder: string) {
    this.file = new StoredFile(path.join(folder, 'settings.json'), StoredSettings, { schema_version: 1, servers: [] })
  }

  /** The theme that an earlier version kept here. */
  get formerTheme(): ThemeChoice | null {
    return this.file.value.theme ?? null
  }

  get view(): ViewSettings {
    return this.file.value.view ?? { is_y_down: false, most_voxels: null }
  }

  set view(view: ViewSettings) {
    this.file.save({ ...this.file.value, view })
  }

  get usesThisComputer(): boolean {
    return this.file.value.uses_this_computer ?? false
  }

  set usesThisComputer(uses_this_computer: boolean) {
    if (uses_this_computer !== this.usesThisComputer) this.file.save({ ...this.file.value, uses_this_computer })
  }

  get servers(): readonly StoredServer[] {
    return this.file.value.servers
  }

  /** Puts a server first in the list. */
  remember(server: StoredServer): void {
    const others = this.servers.filter((one) => one.url !== server.url)
    this.file.save({ ...this.file.value, servers: [server, ...others].slice(0, MAX_SERVERS) })
  }

  get certificates(): readonly ConfirmedCertificate[] {
    return this.file.value.certificates ?? []
  }

  rememberCertificate(certificate: ConfirmedCertificate): void {
    const others = this.certificates.filter((one) => one.url !== certificate.url)
    this.file.save({ ...this.file.value, certificates: [certificate, ...others] })
  }

  get authorities(): readonly StoredAuthority[] {
    return this.file.value.authorities ?? []
  }

  rememberAuthority(authority: StoredAuthority): void {
    const others = this.authorities.filter((one) => one.url !== authority.url)
    this.file.save({ ...this.file.value, authorities: [authority, ...others] })
  }

  /** Takes a server out of the list, and forgets what vouches for it. */
  forget(url: string): void {
    const without = <T extends { url: string }>(all: readonly T[]) => all.filter((one) => one.url !== url)
    this.file.save({
      ...this.file.value,
      servers: without(this.servers),
      certificates: without(this.certificates),
      authorities: without(this.authorities),
    })
  }
}
