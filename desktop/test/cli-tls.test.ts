import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fingerprintByOpenssl, hasOpenssl, signedByLab } from '../../server/test/certificates.ts'
import { hasCompiledServer, type RealServer, startRealServer } from '../../server/test/real-server.ts'
import { hasCompiledCli, ROOT, runCli } from './run-cli.ts'

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
    runCli(['models', '--json', '--server', server.url, `--token=${server.token}`, ...more])

  it('names the fingerprint, then takes it or the CA file', async () => {
    const fingerprint = fingerprintByOpenssl(files.cert)
    const refused = await models()
    expect(refused.code).toBe(2)
    expect(refused.err).toContain('certificate_untrusted')
    expect(refused.err).toContain(fingerprint)
    expect((await models('--fingerprint', fingerprint)).out).toContain('demo-cryoet-unet')
    expect((await models('--ca', files.ca)).out).toContain('demo-cryoet-unet')
    const sample = path.join(ROOT, 'resources/sample/sample.mrc')
    const wrongToken = ['--server', server.url, '--token', 'wrong', '--ca', files.ca, '--json']
    const segment = await runCli(['segment', sample, '--out', path.join(folder, 'm.mrc'), ...wrongToken])
    expect(segment.err).toContain('unauthorized')
    const doctor = ['doctor', '--server', server.url, `--token=${server.token}`, '--data', path.join(folder, 'other')]
    expect((await runCli(doctor)).out).toContain("Give the file of the lab's authority with --ca")
    expect((await runCli([...doctor, '--ca', files.ca])).out).toMatch(/ok +Server/)
    expect((await models('--ca', '/nowhere.crt')).err).toContain('file_unreadable')
  })

  it('reads the file of its token again when the token is refused', async () => {
    const file = path.join(folder, 'token')
    await writeFile(file, 'ended\n')
    const asked = runCli(['models', '--json', '--server', server.url, '--ca', files.ca, '--token-file', file])
    // As a program should: a file that is being written is empty for a moment.
    await writeFile(`${file}.new`, `${server.token}\n`)
    setTimeout(() => void rename(`${file}.new`, file), 1500)
    const { code, out, err } = await asked
    expect(code, err).toBe(0)
    expect(out).toContain('demo-cryoet-unet')
  })

  it('sends a volume to a server with a lab certificate', async () => {
    const sample = path.join(ROOT, 'resources/sample/sample.mrc')
    const { code, err } = await runCli([
      ...['upload', sample, '--server', server.url],
      ...[`--token=${server.token}`, '--ca', files.ca],
    ])
    expect(code, err).toBe(0)
  })
})
