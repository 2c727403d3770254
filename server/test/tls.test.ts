import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../../shared/client/client.ts'
import { readCertificate, type ServerTrust } from '../../shared/client/server-trust.ts'
import { readTlsPair } from '../adapters/tls-files.ts'
import { readConfig } from '../config.ts'
import { type CertificateFiles, fingerprintByOpenssl, hasOpenssl, selfSigned, signedByLab } from './certificates.ts'
import { createJobOn } from './job-calls.ts'
import { inProcessLauncher, makeTestServer, type TestServer, TOKEN, until } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

let folder: string
let server: TestServer | null
let url: string
beforeEach(async () => {
  server = null
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-tls-'))
})
afterEach(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function start(files: CertificateFiles): Promise<TestServer> {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  const change = { tls: { cert: files.cert, key: files.key } }
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), change, tlsLookMs: 50 })
  url = await server.listen()
  return server
}

const clientWith = (trust?: ServerTrust) => createClient({ url, token: TOKEN, ...(trust ? { trust } : {}) })
const untrusted = (fingerprint: string) => ({
  code: 'certificate_untrusted',
  retryable: false,
  message: expect.stringContaining(fingerprint),
  hint: expect.stringContaining(fingerprint),
})

describe.skipIf(!hasOpenssl)('a server with a certificate of its own', () => {
  it('is refused with its fingerprint until that is confirmed', async () => {
    const files = selfSigned(folder, 'server')
    const fingerprint = fingerprintByOpenssl(files.cert)
    await start(files)
    await expect(clientWith().info()).rejects.toMatchObject(untrusted(fingerprint))
    expect(await readCertificate(url)).toMatchObject({
      fingerprint,
      subject: 'server',
      isTrusted: false,
      reason: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
    const written = [fingerprint, fingerprint.toLowerCase(), fingerprint.replaceAll(':', ''), `SHA256:${fingerprint}`]
    for (const one of written) expect((await clientWith({ fingerprint: one }).info()).name).toBe('cryomamba')
  })

  it('is refused by who confirmed another one, and never sees the token', async () => {
    const files = selfSigned(folder, 'server')
    const other = selfSigned(folder, 'other')
    const lines: string[] = []
    const thief = tls.createServer(
      { cert: await readFile(files.cert), key: await readFile(files.key) },
      (socket) => void socket.on('data', (data) => lines.push(String(data))),
    )
    await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve))
    url = `https://127.0.0.1:${(thief.address() as { port: number }).port}`
    const client = clientWith({ fingerprint: fingerprintByOpenssl(other.cert) })
    await expect(client.info()).rejects.toMatchObject({
      ...{ code: 'certificate_changed', retryable: false },
      message: expect.stringContaining(fingerprintByOpenssl(files.cert)),
    })
    await expect(client.watchJob('00000000-0000-7000-8000-000000000000', {})).rejects.toMatchObject({
      code: 'certificate_changed',
    })
    expect(lines).toEqual([])
    await new Promise((resolve) => thief.close(resolve))
  })

  it('carries the live channel and parts as plain HTTP does', async () => {
    const files = selfSigned(folder, 'server')
    const running = await start(files)
    const client = clientWith({ fingerprint: fingerprintByOpenssl(files.cert) })
    const job = await createJobOn(running)
    let previews = 0
    const done = await client.watchJob(job.job_id, { onPreview: () => void previews++ })
    expect(done.state).toBe('completed')
    expect(previews).toBeGreaterThan(0)
    const [artifact] = await client.artifacts(job.job_id)
    await client.downloadArtifact(artifact, path.join(folder, artifact.name))
  })

  it('takes a renewed certificate without a restart, and keeps the old one while the new pair does not fit', async () => {
    const files = selfSigned(folder, 'server')
    const next = selfSigned(folder, 'next')
    await start(files)
    const [before, after] = [files, next].map(({ cert }) => fingerprintByOpenssl(cert))
    await copyFile(next.cert, files.cert)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await readCertificate(url)).fingerprint).toBe(before)
    await copyFile(next.key, files.key)
    await until(async () => (await readCertificate(url)).fingerprint === after)
    await expect(clientWith({ fingerprint: before }).info()).rejects.toMatchObject({ code: 'certificate_changed' })
    expect((await clientWith({ fingerprint: after }).info()).name).toBe('cryomamba')
  })

  it('speaks TLS 1.2 and 1.3 only', async () => {
    await start(selfSigned(folder, 'server'))
    const speak = (version: tls.SecureVersion) =>
      new Promise<string>((resolve) => {
        const { hostname, port } = new URL(url)
        const socket = tls.connect({
          host: hostname,
          port: Number(port),
          rejectUnauthorized: false,
          minVersion: version,
          maxVersion: version,
          ciphers: 'DEFAULT:@SECLEVEL=0',
        })
        socket.once('error', () => resolve('refused'))
        socket.once('secureConnect', () => {
          resolve(socket.getProtocol() ?? '')
          socket.destroy()
        })
      })
    expect(await speak('TLSv1.1')).toBe('refused')
    expect(await speak('TLSv1.2')).toBe('TLSv1.2')
    expect(await speak('TLSv1.3')).toBe('TLSv1.3')
  })
})

describe.skipIf(!hasOpenssl)("a server with a certificate of the lab's authority", () => {
  it('is accepted with the CA file, and refused without', async () => {
    const files = signedByLab(folder)
    await start(files)
    const ca = await readFile(files.ca, 'utf8')
    await expect(clientWith().info()).rejects.toMatchObject(untrusted(fingerprintByOpenssl(files.cert)))
    expect((await clientWith({ ca }).info()).name).toBe('cryomamba')
    expect(await readCertificate(url, { ca })).toMatchObject({ isTrusted: true, reason: null, issuer: 'Lab CA, A lab' })
  })

  it('is refused with the CA file when the certificate names another computer', async () => {
    const files = signedByLab(folder, 'subjectAltName=DNS:elsewhere.example')
    await start(files)
    const ca = await readFile(files.ca, 'utf8')
    await expect(clientWith({ ca }).info()).rejects.toMatchObject({
      code: 'certificate_untrusted',
      message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
    })
  })
})

describe('trust', () => {
  it('is refused where it is none', () => {
    url = 'https://127.0.0.1:1'
    expect(() => clientWith({ ca: 'not a certificate' })).toThrow(expect.objectContaining({ code: 'usage' }))
    expect(() => clientWith({ fingerprint: 'AB:CD' })).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})

describe.skipIf(!hasOpenssl)('the settings of HTTPS', () => {
  const refused = (name: string) =>
    expect.objectContaining({ code: 'setting_invalid', details: expect.objectContaining({ name }) })

  it('are a certificate and its key, both, readable, in PEM and of one pair', async () => {
    const config = (env: Record<string, string>) => readConfig(env, { dataFolder: folder, modelFolders: [] }).tls
    const files = selfSigned(folder, 'server')
    const other = selfSigned(folder, 'other')
    expect(config({})).toBeNull()
    expect(config({ CRYOMAMBA_TLS_CERT: files.cert, CRYOMAMBA_TLS_KEY: files.key })).toEqual(files)
    expect(() => config({ CRYOMAMBA_TLS_CERT: files.cert })).toThrow(refused('CRYOMAMBA_TLS_KEY'))
    expect(() => config({ CRYOMAMBA_TLS_KEY: files.key })).toThrow(refused('CRYOMAMBA_TLS_CERT'))
    await expect(readTlsPair({ ...files, cert: '/nowhere.crt' })).rejects.toEqual(refused('CRYOMAMBA_TLS_CERT'))
    await expect(readTlsPair({ ...files, cert: files.key })).rejects.toEqual(refused('CRYOMAMBA_TLS_CERT'))
    await expect(readTlsPair({ ...files, key: files.cert })).rejects.toEqual(refused('CRYOMAMBA_TLS_KEY'))
    await expect(readTlsPair({ ...files, key: other.key })).rejects.toEqual(refused('CRYOMAMBA_TLS_KEY'))
  })
})
