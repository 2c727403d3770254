import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { createForkLauncher } from './fork-launcher.ts'
import { UNSAID } from './provider-problem.ts'

const NATIVE =
  '[E:onnxruntime] FAIL : Failed to load library /srv/libonnxruntime_providers_cuda.so with error: ' +
  'libcublasLt.so.13: cannot open shared object file: No such file or directory'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-fork-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  return rm(folder, { recursive: true, force: true })
})

/** What a server hears of a worker that runs `program`, in order. */
async function heardFrom(program: string): Promise<string[]> {
  const entry = path.join(folder, 'worker.mjs')
  await writeFile(entry, program)
  const worker = await createForkLauncher(entry).launch({})
  const heard: string[] = []
  worker.onMessage((message) => heard.push(message.type === 'failed' ? message.error.message : message.type))
  return new Promise((resolve) => worker.onExit(({ reason }) => resolve([...heard, reason])))
}

const failed = (reason: string) =>
  JSON.stringify({
    type: 'failed',
    error: new DomainError('provider_unavailable', { provider: 'cuda', reason }).toEnvelope(),
  })

describe('a worker', () => {
  it('that cannot load its provider fails with what it wrote to stderr, told before its end', async () => {
    // The message leaves before the text: the two come by different ways.
    const program = `process.send(${failed(UNSAID.libraries)}, () => {
      setTimeout(() => { console.error(${JSON.stringify(NATIVE)}); process.exit(0) }, 50)
    })`
    expect(await heardFrom(program)).toEqual([
      'The provider cuda cannot be used: libcublasLt.so.13 is not found, which libonnxruntime_providers_cuda.so needs.',
      'exit code 0',
    ])
  })

  it('knows no secret of the server', async () => {
    vi.stubEnv('PGPASSWORD', 'secret')
    expect(await heardFrom('process.exit(process.env.PGPASSWORD === undefined ? 0 : 5)')).toEqual(['exit code 0'])
  })

  it('that fails for another reason is taken at its word', async () => {
    const program = `process.send({ type: 'ready' }); process.send(${failed('the card is on fire')}, () => process.exit(3))`
    expect(await heardFrom(program)).toEqual([
      'ready',
      'The provider cuda cannot be used: the card is on fire.',
      'exit code 3',
    ])
  })
})
