import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fingerprintByOpenssl, hasOpenssl, signedByLab } from '../../server/test/certificates.ts'
import { hasCompiledServer, type RealServer, startRealServer } from '../../server/test/real-server.ts'
import { hasCompiledCli, runCli } from './run-cli.ts'

describe.skipIf(!hasOpenssl || !hasCompiledServer || !hasCompiledCli)('the command line and a lab certificate', () => {
  let folder: string
  let files: ReturnType<typeof signedByLab>
  let server: RealServer
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-cli-tls-'))
    files = signedByLab(folder)
    server = await startRealServer(path.join(folder, 'data'), 0, {
      CRYOMAMBA_TLS_CERT: files.cert,
      CRYOMAMBA_TLS_KEY: files.key,
    })
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })

  const models = (...more: string[]) =>
    runCli(['models', '--json', '--server', server.url, '--token', server.token, ...more])

  it('names the fingerprint, then takes it or the CA file', async () => {
    const fingerprint = fingerprintByOpenssl(files.cert)
    const refused = await models()
    expect(refused.code).toBe(2)
    expect(refused.err).toContain('certificate_untrusted')
    expect(refused.err).toContain(fingerprint)
    expect((await models('--fingerprint', fingerprint)).out).toContain('demo-cryoet-unet')
    expect((await models('--ca', files.ca)).out).toContain('demo-cryoet-unet')
    expect((await models('--ca', '/nowhere.crt')).err).toContain('file_unreadable')
  })
})
