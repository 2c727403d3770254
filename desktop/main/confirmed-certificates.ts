import { open } from 'node:fs/promises'
import path from 'node:path'
import { checkedTrust, readCertificate, type ServerTrust } from '../../shared/client/server-trust.ts'
import type { ConfirmedCertificate, UnknownCertificate } from '../../shared/contract/certificate.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { serverUrl } from './server-url.ts'
import type { Settings } from './settings.ts'

type Kept = Pick<Settings, 'certificates' | 'rememberCertificate' | 'authorities' | 'rememberAuthority'>

/** A file of authorities has some kB; all that the world trusts have 200. */
const MOST_AUTHORITY_BYTES = 1024 * 1024

/**
 * Certificates of servers that the user compared and confirmed, and of authorities that the user chose for a server;
 * kept between starts.
 */
export class ConfirmedCertificates {
  private readonly settings: Kept
  /** Fingerprints that were shown since the start: only these can be confirmed. */
  private readonly shown = new Map<string, string>()

  constructor(settings: Kept) {
    this.settings = settings
  }

  trustOf(url: string): ServerTrust {
    const [fingerprint, ca] = [this.confirmed(url), this.authorityOf(url)]
    return { ...(fingerprint === undefined ? {} : { fingerprint }), ...(ca === undefined ? {} : { ca }) }
  }

  /**
   * The certificate that a server shows, to be compared. Nothing but the handshake is sent.
   * @throws {DomainError} `certificate_changed` where another one was confirmed, `server_unreachable`
   */
  async read(entered: string): Promise<UnknownCertificate> {
    const url = serverUrl(entered)
    const found = await readCertificate(url, this.trustOf(url))
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

  /**
   * Keeps a lab's authority for a server that shows a certificate of it: also its next certificate is accepted then.
   * @param file certificates in PEM
   * @throws {DomainError} `authority_unfit`, `server_unreachable`
   */
  async chooseAuthority(entered: string, file: string): Promise<void> {
    const url = serverUrl(entered)
    const unfit = (reason: string, cause?: unknown) =>
      new DomainError('authority_unfit', { url, name: path.basename(file), reason, cause })
    const pem = await readText(file).catch((cause) => {
      throw unfit('it cannot be read', cause)
    })
    try {
      checkedTrust({ ca: pem })
    } catch (cause) {
      throw unfit('it holds no certificate in PEM', cause)
    }
    const { isTrusted, reason } = await readCertificate(url, { ca: pem })
    if (!isTrusted) throw unfit(String(reason))
    this.settings.rememberAuthority({ url, pem })
  }

  private authorityOf(url: string): string | undefined {
    return this.settings.authorities.find((one) => one.url === url)?.pem
  }

  private confirmed(url: string): string | undefined {
    return this.settings.certificates.find((one) => one.url === url)?.fingerprint
  }
}

async function readText(file: string): Promise<string> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    if (size > MOST_AUTHORITY_BYTES) throw new Error('too large')
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}
