import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type CertificateFiles,
  fingerprintByOpenssl,
  hasOpenssl,
  renewedByLab,
  selfSigned,
  signedByLab,
} from '../../server/test/certificates.ts'
import { createClient } from '../../shared/client/client.ts'
import { ConfirmedCertificates } from './confirmed-certificates.ts'
import { Settings } from './settings.ts'

const INFO = { name: 'cryomamba', protocol: 1 }
let folder: string
let server: https.Server
let port = 0
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-certificates-'))
})
afterEach(async () => {
  await stop()
  rmSync(folder, { recursive: true, force: true })
})

/** @returns its fingerprint, as openssl has it */
async function start(name: string): Promise<string> {
  return serve(selfSigned(folder, name))
}

async function serve({ cert, key }: CertificateFiles): Promise<string> {
  server = https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_, reply) =>
    reply.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(INFO)),
  )
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  return fingerprintByOpenssl(cert)
}

async function stop(): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

const address = () => `https://127.0.0.1:${port}`
const ask = (certificates: ConfirmedCertificates) =>
  createClient({ url: address(), token: 't', trust: certificates.trustOf(address()) }).info()

describe.skipIf(!hasOpenssl)('a certificate that nobody vouches for', () => {
  it('is shown with what it is to be compared by, and accepted from its confirmation on, also at the next start', async () => {
    const fingerprint = await start('one')
    const certificates = new ConfirmedCertificates(new Settings(folder))
    await expect(ask(certificates)).rejects.toMatchObject({ code: 'certificate_untrusted' })
    const shown = await certificates.read(`${address()}/`)
    expect(shown).toMatchObject({
      ...{ url: address(), fingerprint, subject: 'one', issuer: 'one', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    })
    expect(Date.parse(shown.valid_to) - Date.parse(shown.valid_from)).toBe(30 * 86_400_000)
    certificates.confirm({ url: address(), fingerprint })
    expect(await ask(certificates)).toEqual(INFO)
    expect(await ask(new ConfirmedCertificates(new Settings(folder)))).toEqual(INFO)
  })

  it('is refused when it replaces the confirmed one, and is not even shown for confirmation', async () => {
    const settings = new Settings(folder)
    const certificates = new ConfirmedCertificates(settings)
    const before = await start('one')
    await certificates.read(address())
    certificates.confirm({ url: address(), fingerprint: before })
    await stop()
    const after = await start('two')
    const changed = { code: 'certificate_changed', message: expect.stringContaining(after) }
    await expect(ask(certificates)).rejects.toMatchObject(changed)
    await expect(certificates.read(address())).rejects.toMatchObject(changed)
    settings.forget(address())
    await certificates.read(address())
    certificates.confirm({ url: address(), fingerprint: after })
    expect(await ask(certificates)).toEqual(INFO)
  })

  it('is not confirmed by a fingerprint that was not shown', async () => {
    const fingerprint = await start('one')
    const certificates = new ConfirmedCertificates(new Settings(folder))
    expect(() => certificates.confirm({ url: address(), fingerprint })).toThrow(
      expect.objectContaining({ code: 'certificate_untrusted' }),
    )
  })
})

describe.skipIf(!hasOpenssl)("a lab's own authority", () => {
  const unfit = (reason: string) => ({ code: 'authority_unfit', message: expect.stringContaining(reason) })

  it('vouches for the certificates of its server, also later ones, and is forgotten with it', async () => {
    const files = signedByLab(folder)
    const settings = new Settings(folder)
    const certificates = new ConfirmedCertificates(settings)
    await serve(files)
    await expect(ask(certificates)).rejects.toMatchObject({ code: 'certificate_untrusted' })
    await certificates.chooseAuthority(`${address()}/`, files.ca)
    expect(await ask(certificates)).toEqual(INFO)
    await stop()
    await serve(renewedByLab(folder))
    expect(await ask(new ConfirmedCertificates(new Settings(folder)))).toEqual(INFO)
    await stop()
    await start('stranger')
    await expect(ask(certificates)).rejects.toMatchObject({ code: 'certificate_untrusted' })
    settings.forget(address())
    expect(certificates.trustOf(address())).toEqual({})
  })

  it('is not kept where it does not vouch for the server, or is none', async () => {
    const { ca } = signedByLab(folder)
    const certificates = new ConfirmedCertificates(new Settings(folder))
    await start('one')
    await expect(certificates.chooseAuthority(address(), ca)).rejects.toMatchObject(unfit('DEPTH_ZERO'))
    const text = path.join(folder, 'text.pem')
    writeFileSync(text, 'no certificate')
    await expect(certificates.chooseAuthority(address(), text)).rejects.toMatchObject(unfit('no certificate in PEM'))
    await expect(certificates.chooseAuthority(address(), folder)).rejects.toMatchObject(unfit('cannot be read'))
    expect(certificates.trustOf(address())).toEqual({})
  })
})
