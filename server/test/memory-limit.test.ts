import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createForkLauncher } from '../adapters/fork-launcher.ts'
import { heldMemory } from '../adapters/held-memory.ts'
import { createJobOn, finishedOn, jobOn } from './job-calls.ts'
import { childrenOf } from './real-server.ts'
import { makeTestServer, type TestServer, until } from './test-server.ts'
import { thresholdManifest } from './threshold-model.ts'

const MIB = 1024 * 1024

let server: TestServer
let folder: string
afterEach(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

/** A server whose workers take memory in steps up to so much once they have a job, and never end. */
async function start(mostBytes: number): Promise<void> {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-limit-'))
  const entry = path.join(folder, 'worker.mjs')
  const program = `
    const kept = []
    process.send({ type: 'ready' })
    process.once('disconnect', () => process.exit(1))
    process.on('message', ({ type }) => {
      if (type === 'run') setInterval(() => {
        if (kept.length * ${50 * MIB} < ${mostBytes}) kept.push(Buffer.alloc(${50 * MIB}, 1))
      }, 50)
    })`
  await writeFile(entry, program)
  // What this process holds stands for the server.
  const memoryLimitBytes = ((await heldMemory(process.pid)) ?? 0) + 600 * MIB
  const launcher = createForkLauncher(entry)
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), change: { memoryLimitBytes } })
}

describe.runIf(process.platform === 'linux')('a running job', () => {
  it('that takes more memory than is allowed ends, with its worker, for that reason and for good', async () => {
    const before = await childrenOf(process.pid)
    await start(4096 * MIB)
    const { job_id } = await createJobOn(server)
    const { state, attempt, error } = await finishedOn(server, job_id)
    expect({ state, attempt, error }).toMatchObject({ state: 'failed', attempt: 1, error: { code: 'out_of_memory' } })
    expect(error?.message).toMatch(
      /asked for \d+ bytes of the \d+ bytes of memory.*CRYOMAMBA_MEMORY_LIMIT_BYTES.*; \d+ /,
    )
    const left = async () => (await childrenOf(process.pid)).filter((pid) => !before.includes(pid))
    await expect.poll(left).toEqual([])
  })

  it('that stays below the limit is left alone', async () => {
    await start(200 * MIB)
    const { job_id } = await createJobOn(server)
    await until(async () => (await jobOn(server, job_id)).state === 'running')
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect((await jobOn(server, job_id)).state).toBe('running')
  })
})
