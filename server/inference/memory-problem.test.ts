import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { makeMrc, makeVoxels } from '../test/make-mrc.ts'
import { fakeThresholdNetwork, thresholdManifest } from '../test/threshold-model.ts'
import { asMemoryProblem, isLackOfMemory } from './memory-problem.ts'
import type { JobDescription } from './messages.ts'
import { NO_FACTS } from './network-facts.ts'
import { runJob } from './run-job.ts'
import { withSmallerTiles } from './smaller-tiles.ts'

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('it was to fail')
}

/** More than any address has. */
const noBuffer = () => new ArrayBuffer(2 ** 50)

describe('an error of the engine', () => {
  it.each([
    ['a buffer', noBuffer],
    ['a shared buffer', () => new SharedArrayBuffer(2 ** 50)],
    ['an array', () => new Float32Array(2 ** 50)],
  ])('that is a lack of memory for %s is known as one', (_what, work) => {
    expect(isLackOfMemory(thrownBy(work))).toBe(true)
  })

  it('that is a mistake of ours is not', () => {
    expect(isLackOfMemory(thrownBy(() => new Float32Array(-1)))).toBe(false)
    expect(isLackOfMemory(thrownBy(() => new Uint8Array(4).subarray(2).set([1, 2, 3])))).toBe(false)
    expect(isLackOfMemory(null)).toBe(false)
  })

  it.each(['ERR_WORKER_OUT_OF_MEMORY', 'ENOMEM'])('%s names who lacked it, and what is free', (code) => {
    const problem = asMemoryProblem(Object.assign(new Error('full'), { code }), 'A thread that adds tiles up')
    expect(problem).toMatchObject({ code: 'out_of_memory' })
    expect((problem as Error).message).toMatch(
      /^A thread that adds tiles up asked for more of the computer's memory than there is; \d+ bytes of it are free\.$/,
    )
  })

  it('of another kind stays what it is', () => {
    const others = [new Error('no'), new DomainError('canceled'), null]
    for (const other of others) expect(asMemoryProblem(other, 'The job')).toBe(other)
  })
})

describe('a job that finds no memory for its planes', () => {
  const SHAPE = [13, 64, 70] as const
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-memory-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  /** The first `numFailures` runs find no memory when they read. */
  async function run(numFailures: number, change: Partial<EffectiveParams> = {}, tilesPerRun: number | null = null) {
    const file = path.join(folder, 'a.mrc')
    await writeFile(file, makeMrc(makeVoxels(SHAPE), SHAPE))
    const job: JobDescription = {
      ...{ jobId: 'test', attempt: 1, volume: { path: file, filename: 'a.mrc', sha256: '' } },
      model: { folder, manifest: thresholdManifest(), network: { ...NO_FACTS, tilesPerRun } },
      params: {
        ...{ patch_zyx: [8, 64, 64], step: 0.5, mirror_axes: [], preview_factor: null, preview_interval_seconds: 1 },
        ...{ threads: 1, provider: 'cpu', ...change },
      },
      ...{ outFolder: path.join(folder, 'out'), programVersion: 'test', createdAt: '' },
    }
    let numLeft = numFailures
    const openVolume: typeof openVolumeFile = async (...args) => {
      const source = await openVolumeFile(...args)
      const fail = async () => noBuffer() as never
      if (numLeft-- > 0) Object.assign(source, { readBox: fail, readSlab: fail })
      return source
    }
    const deps = { openVolume, createSession: fakeThresholdNetwork().createSession, engine: 'test' }
    const events = { progress: () => undefined, preview: () => undefined }
    return withSmallerTiles(job, events, deps, new AbortController().signal, runJob)
  }

  it('is run again with smaller tiles, and says so', async () => {
    const { params, warnings } = await run(1)
    expect(params.patch_zyx).toEqual([8, 32, 64])
    expect(warnings).toEqual([
      {
        code: 'patch_reduced',
        message: 'There was no memory for tiles of 8 × 64 × 64 voxels; tiles of 8 × 32 × 64 were used.',
      },
    ])
  })

  it('is run again with fewer tiles at once before they become smaller', async () => {
    const one = await run(2, { batch: 5 })
    expect(one.params).toMatchObject({ batch: 1, patch_zyx: [8, 64, 64] })
    expect(one.warnings).toEqual([
      { code: 'batch_reduced', message: 'There was no memory for 5 tiles at once; 2 were used.' },
      { code: 'batch_reduced', message: 'There was no memory for 2 tiles at once; one at a time was used.' },
    ])
    const small = await run(3, { batch: 4 })
    expect(small.params).toMatchObject({ batch: 1, patch_zyx: [8, 32, 64] })
    expect(small.warnings.map(({ code }) => code)).toEqual(['batch_reduced', 'batch_reduced', 'patch_reduced'])
  })

  it('is not run again with fewer tiles at once where its network takes no fewer', async () => {
    const { params } = await run(1, { batch: 4 }, 4)
    expect(params).toMatchObject({ batch: 4, patch_zyx: [8, 32, 64] })
  })

  it('ends with what it would hold and what is free where no smaller tile is allowed', async () => {
    const problem = await run(9).catch((error) => error)
    expect(problem).toMatchObject({ code: 'out_of_memory' })
    expect(problem.message).toMatch(
      /^The job asked for \d+ bytes of the computer's memory; \d+ bytes of it are free\.$/,
    )
    expect(problem.details.neededBytes).toBeGreaterThan(2 * 4 * 8 * 64 * 70)
  })
})
