import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasCompiledCli, runCli } from './run-cli.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-doctor-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const CPU_ONLY = { CRYOMAMBA_DEVICES: 'cpu' }

describe.runIf(hasCompiledCli)('cryomamba doctor', () => {
  it('finds this computer fit to run the bundled model on the CPU', async () => {
    const data = path.join(folder, 'data')
    const { code, out, err } = await runCli(['doctor', '--json', '--data', data], { env: CPU_ONLY })
    const { ok, checks } = JSON.parse(out) as {
      ok: boolean
      checks: { name: string; state: string; message: string }[]
    }
    expect(code, out + err).toBe(0)
    expect(ok).toBe(true)
    expect(checks.find(({ name }) => name === 'CPU')).toMatchObject({ state: 'ok' })
    expect(checks.find(({ name }) => name === 'Data folder')?.message).toContain(data)
  })

  it('fails for a device that is not there, and says what to do', async () => {
    // Core ML exists on Macs only, CUDA never there.
    const device = process.platform === 'darwin' ? 'cuda:0' : 'coreml'
    const { code, out } = await runCli(['doctor'], { env: { CRYOMAMBA_DEVICES: device } })
    expect(code).toBe(1)
    expect(out).toMatch(/^failed +Run on .*\n +→ /m)
  })

  it('refuses an address that is none', async () => {
    const { code, err } = await runCli(['doctor', '--server', 'here', '--json'], { env: CPU_ONLY })
    expect(code).toBe(2)
    expect(JSON.parse(err)).toMatchObject({ code: 'usage' })
  })
})
