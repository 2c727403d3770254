import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type CertificateFiles,
  fingerprintByOpenssl,
  hasOpenssl,
  selfSigned,
  signedByLab,
} from '../../server/test/certificates.ts'
import { seriousFindings } from './axe.ts'
import { type DesktopApp, launchDesktop, SAMPLE, volumeShown } from './desktop-app.ts'
import { type ServerProcess, startServer } from './server-process.ts'

let folder: string
let server: ServerProcess
let desktop: DesktopApp

const start = ({ cert, key }: CertificateFiles, wishes: { data?: string; port?: number } = {}) =>
  startServer({ env: { CRYOMAMBA_TLS_CERT: cert, CRYOMAMBA_TLS_KEY: key }, ...wishes })

async function connect(): Promise<void> {
  const { page } = desktop
  await page.getByText('Server', { exact: true }).click()
  await page.getByLabel('Address').fill(server.url)
  await page.getByLabel('Token').fill(server.token)
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
}

const question = () => desktop.page.getByRole('dialog', { name: 'Is this your server?' })
const result = (code: string) => desktop.page.locator(`[data-testid=connection-result][data-code=${code}]`).waitFor()

describe.skipIf(!hasOpenssl)('a server with a certificate that nobody vouches for', () => {
  let first: CertificateFiles
  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-certificate-'))
    first = selfSigned(folder, 'gpu-server')
    server = await start(first)
    desktop = await launchDesktop([SAMPLE])
    await volumeShown(desktop, 'sample.mrc')
  })
  afterAll(async () => {
    await desktop?.close()
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is not connected to when the user does not know the fingerprint', async () => {
    await connect()
    await question().waitFor()
    const shown = await desktop.page.getByTestId('fingerprint').locator('span').allTextContents()
    expect(shown.join(' ').replaceAll(' ', ':')).toBe(fingerprintByOpenssl(first.cert))
    await desktop.screenshot('72-certificate')
    expect(await seriousFindings(desktop.page)).toEqual([])
    await question().getByRole('button', { name: 'Do not connect' }).click()
    await result('certificate_untrusted')
    expect(await desktop.page.getByTestId('connected').count()).toBe(0)
  })

  it('is used for whole runs once the fingerprint is confirmed, and asked about only once', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: 'Test connection' }).click()
    await question().getByRole('button', { name: 'It is the same: trust it' }).click()
    await page.getByTestId('connection-result').filter({ hasText: 'accepts the token' }).waitFor()
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    await page.getByTestId('connected').waitFor()
    expect(await question().count()).toBe(0)
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.locator('[data-testid=run][data-phase=completed]').waitFor({ timeout: 240_000 })
    await page.getByTestId('label-voxels').first().waitFor()
  })

  it('is refused at the next start when it shows another certificate', async () => {
    const { data } = server
    const port = Number(new URL(server.url).port)
    await server.stopAndKeep()
    server = await start(selfSigned(folder, 'stranger'), { data, port })
    await desktop.closeAndKeep()
    desktop = await launchDesktop([], desktop.folder)
    await connect()
    await result('certificate_changed')
    expect(await question().count()).toBe(0)
    await desktop.page.getByTestId('connection-result').scrollIntoViewIfNeeded()
    await desktop.screenshot('73-certificate-changed')
  })

  it('is asked about again after it was removed', async () => {
    const { page } = desktop
    await page.getByRole('button', { name: `Remove ${server.url}` }).click()
    await page.getByRole('list', { name: 'Servers used before' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    await question().getByRole('button', { name: 'It is the same: trust it' }).click()
    await page.getByTestId('connected').waitFor()
  })

  it("is accepted by the file of its lab's authority, once the file is the right one", async () => {
    const { page, app } = desktop
    const choose = async (file: string) => {
      await app.evaluate(({ dialog }, chosen) => {
        dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
      }, file)
      await question().getByRole('button', { name: 'Use a CA file…' }).click()
    }
    const { data } = server
    const port = Number(new URL(server.url).port)
    await server.stopAndKeep()
    const lab = signedByLab(folder)
    server = await start(lab, { data, port })
    await page.getByRole('button', { name: 'Change', exact: true }).click()
    await page.getByRole('button', { name: `Remove ${server.url}` }).click()
    await connect()
    await choose(first.cert)
    await page.getByText('is not the certificate of the authority that vouches for').first().waitFor()
    await desktop.screenshot('74-authority-unfit')
    await choose(lab.ca)
    await page.getByTestId('connected').waitFor()
    expect(await question().count()).toBe(0)
  })

  it('reported no error and no violation of its policy', () => {
    expect(desktop.complaints).toEqual([])
  })
})
