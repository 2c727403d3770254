import { X509Certificate } from 'node:crypto'
import https from 'node:https'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { DomainError } from '../errors/domain-error.ts'

/** What makes a server's certificate acceptable beside the authorities that the system knows. */
export interface ServerTrust {
  /** Certificates of a lab's own authority, PEM. */
  ca?: string
  /** SHA-256 of the server's certificate that the user confirmed: 64 hex digits, with or without colons. */
  fingerprint?: string
}

/** A server's certificate as a user has to see it before confirming its fingerprint. */
export interface ServerCertificate {
  /** SHA-256, pairs of capital hex digits with colons. */
  fingerprint: string
  subject: string
  issuer: string
  validFrom: string
  validTo: string
  /** True where the system's authorities vouch for it under this name; nothing has to be confirmed then. */
  isTrusted: boolean
  /** Why it is not trusted, OpenSSL's word; null where it is. */
  reason: string | null
}

/** A server that does not finish a handshake in this time does not answer. */
const HANDSHAKE_MS = 15_000

/**
 * Checks what was given as trust.
 * @throws {DomainError} `usage` for a CA text without a certificate, or a fingerprint that is none
 */
export function checkedTrust({ ca, fingerprint }: ServerTrust): ServerTrust {
  if (ca !== undefined) certificatesIn(ca)
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(fingerprint === undefined ? {} : { fingerprint: normalFingerprint(fingerprint) }),
  }
}

/**
 * An agent that hands a connection over only once the server's certificate was accepted: by an authority of the system,
 * by the lab's own, or because it is the confirmed one. Nothing is sent before, the token least of all.
 */
export class CheckedAgent extends https.Agent {
  private readonly url: string
  private readonly trust: ServerTrust

  /** @param keepAlive false for live channels: a connection that a server still counts as another request's cannot become one */
  constructor(url: string, trust: ServerTrust, keepAlive = true) {
    super({ keepAlive })
    this.url = url
    this.trust = trust
  }

  override createConnection(
    options: https.RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const socket = tls.connect({ ...(options as tls.ConnectionOptions), ...tlsOptions(this.trust) })
    let isTold = false
    const tell = (error: Error | null) => {
      if (isTold) return
      isTold = true
      if (error) socket.destroy()
      callback?.(error, socket)
    }
    socket.once('error', tell)
    socket.once('close', () => tell(new Error('closed during the handshake')))
    socket.once('secureConnect', () => tell(this.objection(socket)))
  }

  /** Null where the certificate is accepted. */
  private objection(socket: tls.TLSSocket): DomainError | null {
    if (socket.authorized) return null
    const fingerprint = socket.getPeerCertificate().fingerprint256
    const { fingerprint: confirmed } = this.trust
    if (confirmed === fingerprint) return null
    return confirmed === undefined
      ? new DomainError('certificate_untrusted', { url: this.url, reason: reasonOf(socket), fingerprint })
      : new DomainError('certificate_changed', { url: this.url, fingerprint, confirmed })
  }
}

/**
 * The certificate that a server shows, for a user to compare and confirm once. Nothing else is sent.
 * @param url `https://host[:port]`
 * @throws {DomainError} `server_unreachable`, `usage`
 */
export function readCertificate(url: string, trust: ServerTrust = {}): Promise<ServerCertificate> {
  const { protocol, hostname, port } = new URL(url)
  if (protocol !== 'https:') throw new DomainError('usage', { reason: `${url} does not use https.` })
  const host = hostname.replace(/^\[|\]$/g, '')
  const servername = /^[\d.]+$|:/.test(host) ? undefined : host
  const socket = tls.connect({ host, port: Number(port || 443), servername, ...tlsOptions(checkedTrust(trust)) })
  return new Promise<ServerCertificate>((resolve, reject) => {
    socket.setTimeout(HANDSHAKE_MS, () => socket.destroy(new Error('ETIMEDOUT')))
    socket.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new DomainError('server_unreachable', { url, reason: cause.code ?? cause.message, cause })),
    )
    socket.once('secureConnect', () => {
      const { fingerprint256: fingerprint, subject, issuer, valid_from, valid_to } = socket.getPeerCertificate()
      const isTrusted = socket.authorized
      const reason = isTrusted ? null : reasonOf(socket)
      const names = { subject: nameOf(subject), issuer: nameOf(issuer) }
      resolve({ fingerprint, ...names, validFrom: valid_from, validTo: valid_to, isTrusted, reason })
    })
  }).finally(() => socket.destroy())
}

/** The handshake always ends; who is refused is decided after it, where the certificate can be shown. */
function tlsOptions({ ca }: ServerTrust): tls.ConnectionOptions {
  return {
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    ...(ca === undefined ? {} : { ca: [...tls.rootCertificates, ca] }),
  }
}

function reasonOf(socket: tls.TLSSocket): string {
  const { authorizationError: error } = socket
  return String((error as NodeJS.ErrnoException | null)?.code ?? error ?? 'unknown')
}

function nameOf(name: tls.Certificate | undefined): string {
  return [name?.CN, name?.O].flat().filter(Boolean).join(', ')
}

/** @throws {DomainError} `usage` */
function certificatesIn(pem: string): void {
  try {
    new X509Certificate(pem)
  } catch (cause) {
    throw new DomainError('usage', { reason: 'The CA file holds no certificate in PEM.', cause })
  }
}

/** @throws {DomainError} `usage` */
function normalFingerprint(text: string): string {
  const digits = text
    .replace(/^sha-?256[:=]/i, '')
    .replace(/[:\s]/g, '')
    .toUpperCase()
  if (/^[0-9A-F]{64}$/.test(digits)) return (digits.match(/../g) ?? []).join(':')
  throw new DomainError('usage', { reason: `"${text}" is not a SHA-256 fingerprint of 64 hex digits.` })
}
