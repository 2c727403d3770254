import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** Files of a certificate and its key. */
export interface CertificateFiles {
  cert: string
  key: string
}

const openssl = (args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
const LOOPBACK = 'subjectAltName=DNS:localhost,IP:127.0.0.1'

/** A certificate that vouches for itself, as a lab makes it in a minute. */
export function selfSigned(folder: string, name: string, names = LOOPBACK): CertificateFiles {
  const files = { cert: path.join(folder, `${name}.crt`), key: path.join(folder, `${name}.key`) }
  openssl([
    'req',
    '-x509',
    ...KEY,
    '-days',
    '30',
    '-subj',
    `/CN=${name}`,
    '-addext',
    names,
    '-keyout',
    files.key,
    '-out',
    files.cert,
  ])
  return files
}

/** An authority of a lab and a server's certificate that it signed. */
export function signedByLab(folder: string, names = LOOPBACK): CertificateFiles & { ca: string } {
  const at = (file: string) => path.join(folder, file)
  const ca = at('lab-ca.crt')
  openssl([
    'req',
    '-x509',
    ...KEY,
    '-days',
    '30',
    '-subj',
    '/CN=Lab CA/O=A lab',
    '-keyout',
    at('lab-ca.key'),
    '-out',
    ca,
  ])
  return { ...renewedByLab(folder, names), ca }
}

/** Another certificate of the server, by the authority that `signedByLab` left in the folder. */
export function renewedByLab(folder: string, names = LOOPBACK): CertificateFiles {
  const at = (file: string) => path.join(folder, file)
  openssl(['req', ...KEY, '-subj', '/CN=server', '-keyout', at('server.key'), '-out', at('server.csr')])
  writeFileSync(at('names.cnf'), `${names}\n`)
  const signing = ['-CA', at('lab-ca.crt'), '-CAkey', at('lab-ca.key'), '-CAcreateserial', '-days', '30']
  openssl(['x509', '-req', '-in', at('server.csr'), ...signing, '-extfile', at('names.cnf'), '-out', at('server.crt')])
  return { cert: at('server.crt'), key: at('server.key') }
}

/** SHA-256 of a certificate as openssl prints it. */
export function fingerprintByOpenssl(cert: string): string {
  const text = execFileSync('openssl', ['x509', '-in', cert, '-noout', '-fingerprint', '-sha256'], { encoding: 'utf8' })
  return text.trim().split('=')[1]
}
