import { renameSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { manifestOf, type Outcome, outFolderOf, run, unevenNetwork, valuesOf, volume } from '../test/run-here.ts'
import { CHECKPOINT_NAME } from './checkpoint.ts'
import { LabelFile } from './label-file.ts'
import type { JobDescription } from './messages.ts'
import type { NetworkSession } from './network-session.ts'
import { OutputFiles } from './output-files.ts'
import { runJob } from './run-job.ts'
import { withSmallerTiles } from './smaller-tiles.ts'
import { stopReason } from './stop-reason.ts'

const SHAPE: Zyx = [40, 21, 26]
const SHA256 = 'a'.repeat(64)

let file: string
beforeEach(async () => {
  // Zeros around, for models that crop.
  const values = valuesOf(SHAPE).map((value, i) => {
    const z = Math.floor(i / (SHAPE[1] * SHAPE[2]))
    return z < 3 || z > 35 || i % SHAPE[2] < 2 ? 0 : value || 1
  })
  file = await volume('a.mrc', SHAPE, values)
})

interface Case {
  manifest?: Partial<ModelManifest>
  params?: Partial<EffectiveParams>
  /** Tiles after which the first attempt is told to stop. */
  after?: number
}

interface Attempt extends Case {
  outName: string
  onRun?: (runs: number) => unknown
  onOpening?: () => void
  /** Told when the volume is measured and the network is there, before anything is restored. */
  onReady?: () => void
  signal?: AbortSignal
}

async function attempt({ manifest = {}, params = {}, outName, onRun, onReady, ...more }: Attempt) {
  let numRuns = 0
  const session: NetworkSession = {
    ...unevenNetwork,
    get warnings() {
      onReady?.()
      return []
    },
    run: async (input, shape) => {
      await onRun?.(++numRuns)
      return unevenNetwork.run(input, shape)
    },
  }
  const { onOpening, signal } = more
  const asked = { ...(onOpening ? { onOpening } : {}), ...(signal ? { signal } : {}) }
  const options = { outName, sha256: SHA256, saveIntervalMs: 0, ...asked }
  return run([file], manifestOf(manifest), params, session, options)
}

/** Stops the first attempt after some tiles. */
async function stopped(asked: Case, reason: DomainError): Promise<void> {
  const stop = new AbortController()
  const { after = 30 } = asked
  const onRun = (runs: number) => runs === after && stop.abort(reason)
  const first = attempt({ ...asked, outName: 'out', signal: stop.signal, onRun })
  await expect(first).rejects.toMatchObject({ code: 'canceled' })
}

const everything = async (outcome: Outcome) => ({
  sha256: outcome.sha256,
  labelCounts: outcome.labelCounts,
  artifacts: outcome.artifacts,
  preview: outcome.payloads.at(-1),
  coverage: outcome.previews.at(-1)?.coverage,
  tiles: outcome.tilesReported,
  voxels: await Promise.all(outcome.artifacts.filter((name) => name.endsWith('.mrc')).map(outcome.read)),
  objects: JSON.stringify(outcome.statistics),
})

const zscore = { channel: 'tomogram', scheme: 'zscore', use_nonzero_mask: true, invert_contrast: false } as const
const resample = (size: number): Partial<ModelManifest> => ({
  spacing: { target_zyx: [size, 13.48, 13.48], unit: 'angstrom', policy: 'resample' },
})
const transposed = { transpose_forward: [2, 0, 1], transpose_backward: [1, 2, 0] } as ModelManifest['axes']

describe('a job that goes on where an earlier attempt was stopped', () => {
  it.each<[string, Case]>([
    ['plain', {}],
    ['with mirrored tiles', { params: { mirror_axes: ['z', 'x'] }, after: 120 }],
    ['with small steps', { params: { step: 0.3 }, after: 150 }],
    ['with tiles that do not overlap', { params: { step: 1 }, after: 12 }],
    [
      'of a box',
      {
        params: {
          roi_zyx: [
            [5, 38],
            [2, 20],
            [1, 26],
          ],
        },
      },
    ],
    ['of the part that is not zero', { manifest: { crop: { nonzero: true }, normalization: [zscore] } }],
    ['on a coarser grid', { manifest: resample(20) }],
    ['on a finer grid', { manifest: resample(7), after: 60 }],
    ['of a transposed model', { manifest: { axes: transposed }, after: 60 }],
    ['with a threshold and no probabilities', { params: { threshold: 0.4, probability: false } }],
    ['without probabilities', { params: { probability: false } }],
    ['with small objects removed', { params: { smallest_object_voxels: 9 } }],
    ['with sums in a file', { params: { spill: true } }],
    ['with a draft', { params: { draft: true }, after: 60 }],
  ])('gives the same bytes: %s', async (_name, asked) => {
    const expected = await attempt({ ...asked, outName: 'expected' })
    await stopped(asked, stopReason(true))
    const found = await attempt({ ...asked, outName: 'out' })
    expect(found.tilesResumed).toBeGreaterThan(0)
    expect(await everything(found)).toEqual(await everything(expected))
    expect(await readdir(outFolderOf('out'))).toEqual(await readdir(outFolderOf('expected')))
  })

  it('runs no tile again but those that overlap the planes that are missing', async () => {
    await stopped({}, stopReason(true))
    let numRuns = 0
    const found = await attempt({ outName: 'out', onRun: () => numRuns++ })
    expect(found.tilesResumed + numRuns).toBe(found.tilesReported)
    const provenance = await readFile(path.join(outFolderOf('out'), 'provenance.json'), 'utf8')
    expect(JSON.parse(provenance)).toMatchObject({ tiles_resumed: found.tilesResumed })
  })

  it('goes on again and again', async () => {
    const expected = await attempt({ outName: 'expected' })
    let resumed = 0
    for (const after of [30, 30, 30]) {
      const kept = resumed
      await stopped({ after }, stopReason(true))
      resumed = JSON.parse(await readFile(path.join(outFolderOf('out'), CHECKPOINT_NAME), 'utf8')).numPlanes
      expect(resumed).toBeGreaterThan(kept)
    }
    expect(await everything(await attempt({ outName: 'out' }))).toEqual(await everything(expected))
  })
})

describe('an attempt that is stopped before it has seen what an earlier one left', () => {
  it.each(['onOpening', 'onReady'] as const)('leaves it to the next one: %s', async (when) => {
    await stopped({}, stopReason(true))
    const stop = new AbortController()
    const second = attempt({ outName: 'out', signal: stop.signal, [when]: () => stop.abort(stopReason(true)) })
    await expect(second).rejects.toMatchObject({ code: 'canceled' })
    const found = await attempt({ outName: 'out' })
    expect(found.tilesResumed).toBeGreaterThan(0)
    expect(await everything(found)).toEqual(await everything(await attempt({ outName: 'expected' })))
  })
})

describe('a job whose device has less memory than its tiles need', () => {
  const LARGE: Zyx = [16, 64, 64]
  const tiles = { ...manifestOf().tiles, patch_zyx: LARGE, step: 0.5 } as ModelManifest['tiles']

  /** As the worker runs it. */
  async function smaller(job: JobDescription, signal: AbortSignal, onRun: (runs: number) => void) {
    let numRuns = 0
    const session: NetworkSession = {
      ...unevenNetwork,
      run: async (input, shape) => {
        if (shape[0] > 1 || shape[2] * shape[3] * shape[4] > 16 * 64 * 32) throw new DomainError('out_of_memory')
        onRun(++numRuns)
        return unevenNetwork.run(input, shape)
      },
    }
    const deps = { openVolume: openVolumeFile, createSession: async () => session, engine: 'test' }
    const events = { progress: () => undefined, preview: () => undefined }
    return withSmallerTiles(job, events, deps, signal, runJob)
  }

  function jobOf(outName: string, params: Partial<EffectiveParams>): JobDescription {
    return {
      ...{ jobId: 'j', attempt: 1, programVersion: 'test', createdAt: new Date().toISOString() },
      volume: { path: file, filename: 'a.mrc', sha256: SHA256 },
      model: { folder: '', manifest: manifestOf({ tiles }) },
      params: {
        ...{ patch_zyx: [...LARGE], step: 0.5, mirror_axes: [], preview_factor: 4, preview_interval_seconds: 0 },
        ...{ threads: 1, provider: 'cpu', ...params },
      },
      outFolder: outFolderOf(outName),
      saveIntervalMs: 0,
    }
  }

  it.each<[string, Partial<EffectiveParams>, string[]]>([
    ['smaller tiles', {}, ['patch_reduced']],
    ['fewer tiles at once', { patch_zyx: [16, 64, 32], batch: 4 }, ['batch_reduced', 'batch_reduced']],
  ])('goes on from its planes with %s', async (_name, params, warnings) => {
    const expected = await smaller(jobOf('expected', params), new AbortController().signal, () => undefined)
    const stop = new AbortController()
    const first = smaller(jobOf('out', params), stop.signal, (runs) => runs === 3 && stop.abort(stopReason(true)))
    await expect(first).rejects.toMatchObject({ code: 'canceled' })
    const found = await smaller(jobOf('out', params), new AbortController().signal, () => undefined)
    expect(found.result.tiles_resumed).toBeGreaterThan(0)
    expect(found.result.mask_sha256).toBe(expected.result.mask_sha256)
    const told = found.warnings.map(({ code }) => code)
    expect(told.filter((code) => code.endsWith('_reduced'))).toEqual(warnings)
  })
})

it('an attempt that was thought to be lost writes nothing more once the next one has its planes', async () => {
  const moved = outFolderOf('next')
  const labels = path.join(moved, 'labels.raw.partial')
  let sizeThen = -1
  const onRun = async (runs: number) => {
    // Time for what goes on beside the tiles.
    await delay(2)
    if (runs !== 60) return
    renameSync(outFolderOf('out'), moved)
    sizeThen = (await stat(labels)).size
  }
  await expect(attempt({ outName: 'out', onRun })).rejects.toMatchObject({ code: 'file_unwritable' })
  expect(sizeThen).toBeGreaterThan(0)
  expect((await stat(labels)).size).toBe(sizeThen)
  const found = await attempt({ outName: 'next' })
  expect(found.tilesResumed).toBeGreaterThan(0)
  expect(await everything(found)).toEqual(await everything(await attempt({ outName: 'expected' })))
})

it('an attempt whose planes the next one takes while they are being saved says so', async () => {
  const sync = vi.spyOn(LabelFile.prototype, 'sync')
  sync.mockImplementationOnce(async () => renameSync(outFolderOf('out'), outFolderOf('next')))
  await expect(attempt({ outName: 'out' })).rejects.toMatchObject({ code: 'file_unwritable' })
  sync.mockRestore()
  expect(await everything(await attempt({ outName: 'next' }))).toEqual(
    await everything(await attempt({ outName: 'expected' })),
  )
})

describe('what an earlier attempt left is not used', () => {
  const planesLeft = () => path.join(outFolderOf('out'), 'labels.raw.partial')

  it.each<[string, Case, () => Promise<void>]>([
    ['where the parameters are others', { params: { step: 0.25 } }, async () => undefined],
    ['where the model is another', { manifest: { version: '2.0.0' } }, async () => undefined],
    [
      'where a byte of it changed',
      {},
      async () => {
        const bytes = await readFile(planesLeft())
        bytes[100] ^= 1
        await writeFile(planesLeft(), bytes)
      },
    ],
    ['where it is shorter than it was', {}, () => writeFile(planesLeft(), 'x')],
    ['where its record is broken', {}, () => writeFile(path.join(outFolderOf('out'), CHECKPOINT_NAME), '{"num')],
  ])('%s', async (_name, asked, harm) => {
    await stopped({}, stopReason(true))
    expect((await stat(planesLeft())).size).toBeGreaterThan(0)
    await harm()
    const found = await attempt({ ...asked, outName: 'out' })
    expect(found.tilesResumed).toBe(0)
    expect(await everything(found)).toEqual(await everything(await attempt({ ...asked, outName: 'expected' })))
  })

  it('and nothing is left where the job was canceled', async () => {
    await stopped({}, new DomainError('canceled'))
    expect(await readdir(outFolderOf('out'))).toEqual([])
  })
})

it('planes that cannot be put on the disk are told of with the next ones', async () => {
  const folder = path.dirname(file)
  const request = {
    dtype: 'uint8',
    ofFile: [0, 1, 2],
    keepsProbability: false,
    identity: 'x',
    signal: new AbortController().signal,
  } as const
  const shapeZyx = [4, 2, 3] as const
  const out = path.join(folder, 'planes')
  await mkdir(out)
  const files = await OutputFiles.open({ folder: out, shapeZyx, ...request })
  await mkdir(path.join(out, `${CHECKPOINT_NAME}.partial`))
  await files.add({ labels: new Uint8Array(6), probability: null, candidate: null })
  await files.saveBeside()
  await vi.waitFor(() => expect(files.saveBeside()).rejects.toMatchObject({ code: 'EISDIR' }))
  await files.close(false)
})
