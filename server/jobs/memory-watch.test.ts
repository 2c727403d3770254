import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DomainError } from '../../shared/errors/domain-error.ts'
import { createForkLauncher } from '../adapters/fork-launcher.ts'
import { MemoryWatch, type WatchedRun } from './memory-watch.ts'
import type { Worker } from './worker-launcher.ts'

const MIB = 1024 * 1024

/** A run whose memory is as said. */
function runOf(memoryBytes: number | null, plannedBytes = 0, isSettled = false) {
  const ended: DomainError[] = []
  const run: WatchedRun = {
    isSettled,
    plannedBytes,
    memoryBytes: async () => memoryBytes,
    end: (error) => void ended.push(error),
  }
  return { run, ended }
}

const look = (runs: WatchedRun[], limitBytes: number, ownBytes: number | null = 0) =>
  new MemoryWatch({ runs: () => runs, ownBytes: async () => ownBytes, limitBytes }).look()

describe('the memory of running jobs', () => {
  it('may be a tenth above the limit together with that of the server; above it the job ends with the numbers', async () => {
    const within = runOf(800)
    await look([within.run], 1000, 300)
    expect(within.ended).toEqual([])
    const above = runOf(801)
    await look([above.run], 1000, 300)
    expect(above.ended).toMatchObject([{ code: 'out_of_memory', details: { neededBytes: 801, freeBytes: 700 } }])
    expect(above.ended[0].message).toMatch(
      /asked for 801 bytes of the 1000 bytes .*CRYOMAMBA_MEMORY_LIMIT_BYTES.*; 700 /,
    )
  })

  it('is that of all of them: the one that is furthest above its plan ends, and no other', async () => {
    const [large, runaway] = [runOf(900, 900), runOf(400, 100)]
    await look([large.run, runaway.run], 1000)
    expect([large.ended.length, runaway.ended.length]).toEqual([0, 1])
  })

  it('is not judged where it cannot be told, and not counted of one that has ended', async () => {
    const [unknown, over] = [runOf(null), runOf(5000, 0, true)]
    await look([unknown.run, over.run], 1000, 2000)
    expect([unknown.ended, over.ended]).toEqual([[], []])
  })
})

describe.runIf(process.platform === 'linux')('a worker', () => {
  let folder: string
  let worker: Worker | undefined
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-memory-'))
  })
  afterEach(async () => {
    worker?.kill()
    await rm(folder, { recursive: true, force: true })
  })

  it('that takes memory is seen to take it', async () => {
    const entry = path.join(folder, 'worker.mjs')
    const program = `
      process.send({ type: 'ready' })
      process.on('message', () => { globalThis.kept = Buffer.alloc(${200 * MIB}, 1); process.send({ type: 'alive' }) })`
    await writeFile(entry, program)
    const started = await createForkLauncher(entry).launch({})
    worker = started
    const said = (type: string) =>
      new Promise<void>((resolve) => started.onMessage((message) => message.type === type && resolve()))
    const run = { ...runOf(0).run, memoryBytes: async () => (await started.memoryBytes?.()) ?? null }
    const ended: DomainError[] = []
    run.end = (error) => void ended.push(error)
    await said('ready')
    await look([run], 150 * MIB)
    expect(ended).toEqual([])
    const taken = said('alive')
    started.send({ type: 'cancel' })
    await taken
    await look([run], 150 * MIB)
    expect(ended).toMatchObject([{ code: 'out_of_memory' }])
    expect(ended[0].details.neededBytes).toBeGreaterThan(200 * MIB)
  })
})
