import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { DomainError } from '../../shared/errors/domain-error.ts'

/** Where the certificate (with its chain) and its key lie, as PEM. */
export interface TlsPaths {
  cert: string
  key: string
}

export interface TlsPair {
  cert: string
  key: string
}

/** How often the files are looked at: a renewed certificate is in use a minute later. */
const LOOK_MS = 60_000

/**
 * Reads a certificate and its key, and checks that they belong together.
 * @throws {DomainError} `setting_invalid`
 */
export async function readTlsPair(paths: TlsPaths): Promise<TlsPair> {
  const [cert, key] = await Promise.all([pem('CRYOMAMBA_TLS_CERT', paths.cert), pem('CRYOMAMBA_TLS_KEY', paths.key)])
  const certificate = understood(
    'CRYOMAMBA_TLS_CERT',
    'it holds no certificate in PEM',
    () => new X509Certificate(cert),
  )
  const secret = understood('CRYOMAMBA_TLS_KEY', 'it holds no key in PEM without a password', () =>
    createPrivateKey(key),
  )
  if (!certificate.checkPrivateKey(secret))
    throw new DomainError('setting_invalid', {
      name: 'CRYOMAMBA_TLS_KEY',
      reason: 'it is not the key of the certificate',
    })
  return { cert, key }
}

/** SHA-256 of the certificate as clients show it: pairs of capital hex digits with colons. */
export function fingerprintOf(pair: TlsPair): string {
  return new X509Certificate(pair.cert).fingerprint256
}

/**
 * Tells of every change of the files to another pair that fits; a pair that does not, as in the middle of a renewal, is
 * told once as a failure and the old one stays.
 * @returns a function that ends the watch
 */
export function watchTlsPair(
  paths: TlsPaths,
  first: TlsPair,
  on: { changed: (pair: TlsPair) => void; failed: (error: unknown) => void },
  lookMs = LOOK_MS,
): () => void {
  let known = JSON.stringify(first)
  let lastFailure = ''
  const look = async () => {
    const pair = await readTlsPair(paths)
    lastFailure = ''
    if (JSON.stringify(pair) === known) return
    known = JSON.stringify(pair)
    on.changed(pair)
  }
  const timer = setInterval(() => {
    void look().catch((error: Error) => {
      if (error.message !== lastFailure) on.failed(error)
      lastFailure = error.message
    })
  }, lookMs)
  timer.unref()
  return () => clearInterval(timer)
}

async function pem(name: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new DomainError('setting_invalid', { name, reason: `the file cannot be read (${code})`, cause })
  }
}

function understood<T>(name: string, reason: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new DomainError('setting_invalid', { name, reason, cause })
  }
}
