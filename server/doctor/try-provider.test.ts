import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { UNSAID } from '../adapters/provider-problem.ts'
import { tryProvider } from './try-provider.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-try-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  return rm(folder, { recursive: true, force: true })
})

async function tryWith(program: string, timeoutMs = 20_000) {
  const entry = path.join(folder, 'program.mjs')
  await writeFile(entry, program)
  return tryProvider('cuda', { CUDA_VISIBLE_DEVICES: '3' }, { entry, timeoutMs })
}

describe('trying a provider', () => {
  it('hands down provider and card, and takes the verdict', async () => {
    const program = `process.send({ ok: true, difference: 0, startMs: 1, tileMs: 2,
      warnings: [process.argv[2], process.env.CUDA_VISIBLE_DEVICES] })`
    expect(await tryWith(program)).toMatchObject({ ok: true, warnings: ['cuda', '3'] })
  })

  it('tells no secret of the server', async () => {
    vi.stubEnv('PGPASSWORD', 'secret')
    const program = `process.send({ ok: true, difference: 0, startMs: 1, tileMs: 2,
      warnings: [String(process.env.PGPASSWORD)] })`
    expect(await tryWith(program)).toMatchObject({ warnings: ['undefined'] })
  })

  it('puts the reason of stderr into the verdict', async () => {
    const error = new DomainError('provider_unavailable', { provider: 'cuda', reason: UNSAID.libraries }).toEnvelope()
    const native = 'Failed to load library /x/a.so with error: libcudart.so.12: cannot open shared object file: No such'
    const program = `process.send(${JSON.stringify({ ok: false, error })}); console.error(${JSON.stringify(native)})`
    expect(await tryWith(program)).toMatchObject({
      ok: false,
      error: { message: 'The provider cuda cannot be used: libcudart.so.12 is not found, which a.so needs.' },
    })
  })

  it.runIf(process.platform !== 'win32')('survives a process that dies or hangs', async () => {
    expect(await tryWith(`console.error('driver bug'); process.kill(process.pid, 'SIGSEGV')`)).toMatchObject({
      ok: false,
      error: { message: expect.stringMatching(/ended \(killed by SIGSEGV\): driver bug/) },
    })
    expect(await tryWith('setInterval(() => undefined, 1000)', 500)).toMatchObject({
      ok: false,
      error: { message: expect.stringMatching(/no answer in 0\.5 s/) },
    })
  })
})
