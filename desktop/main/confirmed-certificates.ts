import { readCertificate, type ServerTrust } from '../../shared/client/server-trust.ts'
import type { ConfirmedCertificate, UnknownCertificate } from '../../shared/contract/certificate.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { serverUrl } from './server-url.ts'
import type { Settings } from './settings.ts'

/** Certificates of servers that the user compared and confirmed, one for each server, kept between starts. */
export class ConfirmedCertificates {
  private readonly settings: Pick<Settings, 'certificates' | 'rememberCertificate'>
  /** Fingerprints that were shown since the start: only these can be confirmed. */
  private readonly shown = new Map<string, string>()

  constructor(settings: Pick<Settings, 'certificates' | 'rememberCertificate'>) {
    this.settings = settings
  }

  trustOf(url: string): ServerTrust {
    const fingerprint = this.confirmed(url)
    return fingerprint === undefined ? {} : { fingerprint }
  }

  /**
   * The certificate that a server shows, to be compared. Nothing but the handshake is sent.
   * @throws {DomainError} `certificate_changed` where another one was confirmed, `server_unreachable`
   */
  async read(entered: string): Promise<UnknownCertificate> {
    const url = serverUrl(entered)
    const found = await readCertificate(url)
    const { fingerprint, subject, issuer, reason } = found
    const confirmed = this.confirmed(url)
    if (confirmed !== undefined && confirmed !== fingerprint && !found.isTrusted)
      throw new DomainError('certificate_changed', { url, fingerprint, confirmed })
    this.shown.set(url, fingerprint)
    const [valid_from, valid_to] = [found.validFrom, found.validTo].map((time) => new Date(time).toISOString())
    return { url, fingerprint, subject, issuer, valid_from, valid_to, reason }
  }

  /** @throws {DomainError} `certificate_untrusted` for one that was not shown */
  confirm({ url: entered, fingerprint }: ConfirmedCertificate): void {
    const url = serverUrl(entered)
    if (this.shown.get(url) !== fingerprint)
      throw new DomainError('certificate_untrusted', { url, reason: 'it was not shown before', fingerprint })
    this.settings.rememberCertificate({ url, fingerprint })
  }

  private confirmed(url: string): string | undefined {
    return this.settings.certificates.find((one) => one.url === url)?.fingerprint
  }
}
