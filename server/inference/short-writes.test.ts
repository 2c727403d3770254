import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { makeMrc, makeVoxels } from '../test/make-mrc.ts'
import { fakeThresholdNetwork, thresholdManifest } from '../test/threshold-model.ts'
import { asDiskProblem } from './disk-problem.ts'
import { runJob } from './run-job.ts'

const SHAPE = [13, 22, 31] as const

let folder: string
let numOut = 0
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-short-'))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true, force: true })
})

async function run(change: Partial<EffectiveParams>, transpose: [number, number, number] = [0, 1, 2]) {
  const file = path.join(folder, 'a.mrc')
  await writeFile(file, makeMrc(makeVoxels(SHAPE), SHAPE))
  const outFolder = path.join(folder, `out-${numOut++}`)
  const axes = { transpose_forward: transpose, transpose_backward: transpose }
  const manifest = thresholdManifest({ axes })
  const params: EffectiveParams = {
    ...{ patch_zyx: [8, 8, 8], step: 0.5, mirror_axes: [], preview_factor: 4, preview_interval_seconds: 0 },
    ...{ threads: 1, provider: 'cpu', ...change },
  }
  const outcome = await runJob(
    {
      ...{ jobId: 'test', attempt: 1, volume: { path: file, filename: 'a.mrc', sha256: '' } },
      ...{ model: { folder, manifest }, params, outFolder, programVersion: 'test', createdAt: '' },
    },
    { progress: () => undefined, preview: () => undefined },
    { openVolume: openVolumeFile, createSession: fakeThresholdNetwork().createSession, engine: 'test' },
    new AbortController().signal,
  )
  const names = ['mask.mrc', 'mask.nii.gz', 'mask.nrrd', 'probability.mrc', 'candidate.mrc']
  return { outcome, files: await Promise.all(names.map((name) => readFile(path.join(outFolder, name)))) }
}

/** Every file of this process from now on. */
async function writesOfFiles() {
  const handle = await open(path.join(folder, 'any'), 'w')
  const kind = Object.getPrototypeOf(handle)
  await handle.close()
  const real: typeof handle.write = kind.write
  return { real, spy: vi.spyOn(kind, 'write') }
}

describe('a disk that takes only a part of each write', () => {
  it.each([
    ['planes along z', {}, [0, 1, 2]],
    ['planes along another axis', {}, [1, 0, 2]],
    ['sums in a scratch file, after a draft', { spill: true, draft: true }, [0, 1, 2]],
  ] as const)('gets the same files in the end: %s', async (_name, change, transpose) => {
    const expected = await run(change, [...transpose])
    const { real, spy } = await writesOfFiles()
    let numShort = 0
    spy.mockImplementation(function (this: unknown, ...[bytes, from, length, at]: unknown[]) {
      const part = Math.max(1, Math.floor((length as number) / 2))
      if (part < (length as number)) numShort++
      return Reflect.apply(real, this, [bytes, from, part, at])
    } as never)
    const found = await run(change, [...transpose])
    expect(numShort).toBeGreaterThan(50)
    expect(found.outcome.result.mask_sha256).toBe(expected.outcome.result.mask_sha256)
    for (const [i, bytes] of found.files.entries()) expect(bytes.equals(expected.files[i])).toBe(true)
  })

  it.each(['ENOSPC', 'EDQUOT'])('and then no more (%s) ends the job as a full disk', async (code) => {
    const { real, spy } = await writesOfFiles()
    let numWrites = 0
    spy.mockImplementation(function (this: unknown, ...[bytes, from, length, at]: unknown[]) {
      if (++numWrites > 9) return Promise.reject(Object.assign(new Error(code), { code, syscall: 'write' }))
      return Reflect.apply(real, this, [bytes, from, Math.ceil((length as number) / 2), at])
    } as never)
    const problem = await run({}).then(() => null, asDiskProblem)
    expect(problem).toBeInstanceOf(DomainError)
    expect(problem).toMatchObject({ code: 'disk_full' })
  })
})
