import { safeStorage } from 'electron'
import type { KnownServer } from '../../shared/contract/bridge.ts'
import type { Settings } from './settings.ts'

/** Tokens by server: in the settings as the system's keychain encrypted them, else only in memory. */
export class TokenVault {
  private readonly settings: Settings
  private readonly inMemory = new Map<string, string>()

  constructor(settings: Settings) {
    this.settings = settings
  }

  /** False where the system would store clear text; nothing is written then. */
  get canKeep(): boolean {
    if (!safeStorage.isEncryptionAvailable()) return false
    return process.platform !== 'linux' || safeStorage.getSelectedStorageBackend() !== 'basic_text'
  }

  /** The tokens that this start has seen, for those who must leave them out of a text. */
  get secrets(): string[] {
    return [...this.inMemory.values()]
  }

  keep(url: string, token: string): void {
    this.inMemory.set(url, token)
    const encrypted = this.canKeep ? safeStorage.encryptString(token).toString('base64') : null
    this.settings.remember({ url, token_encrypted: encrypted })
  }

  /** The token of a server that was used before, or null. */
  find(url: string): string | null {
    const known = this.inMemory.get(url)
    if (known) return known
    const encrypted = this.settings.servers.find((server) => server.url === url)?.token_encrypted
    if (!encrypted || !this.canKeep) return null
    try {
      const token = safeStorage.decryptString(Buffer.from(encrypted, 'base64'))
      this.inMemory.set(url, token)
      return token
    } catch {
      return null // the keychain entry is gone: the user enters the token again
    }
  }

  /** Forgets a server and its token. */
  forget(url: string): void {
    this.inMemory.delete(url)
    this.settings.forget(url)
  }

  servers(): KnownServer[] {
    return this.settings.servers.map(({ url }) => ({ url, has_token: this.find(url) !== null }))
  }
}
