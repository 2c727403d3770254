import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import type { PreviewHeader } from '../../shared/contract/live.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import type { NetworkSession } from '../inference/network-session.ts'
import { runJob } from '../inference/run-job.ts'
import { makeMrc } from './make-mrc.ts'
import { THRESHOLD, thresholdManifest } from './threshold-model.ts'

/** A folder of its own for each test. */
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-run-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Seeded whole numbers around the threshold. */
export function valuesOf(shape: Zyx, seed = 1): Int16Array {
  let state = seed
  return Int16Array.from({ length: numVoxels(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.round(state / 2 ** 27) - 8
  })
}

/** A file in the folder of the test. */
export async function volume(name: string, shape: Zyx, values = valuesOf(shape)): Promise<string> {
  return saved(name, makeMrc(Float32Array.from(values), shape))
}

/** The same with any bytes. */
export async function saved(name: string, bytes: Uint8Array): Promise<string> {
  const file = path.join(folder, name)
  await writeFile(file, bytes)
  return file
}

/** A network whose answer depends on where in its tile a voxel lies, so that every order of axes shows. */
export const unevenNetwork: NetworkSession = {
  run: async (input, [batch, channels, pz, py, px]) => {
    const patchVox = pz * py * px
    const output = new Float32Array(2 * batch * patchVox)
    for (let i = 0; i < batch * patchVox; i++) {
      const [tile, at] = [Math.floor(i / patchVox), i % patchVox]
      const place =
        0.3 * Math.sin(at % px) + 0.2 * Math.cos(Math.floor(at / px) % py) + 0.1 * Math.floor(at / (px * py))
      let value = 0
      for (let c = 0; c < channels; c++) value += (c + 1) * input[(tile * channels + c) * patchVox + at]
      output[(2 * tile + 1) * patchVox + at] = value - THRESHOLD + place
    }
    return output
  },
  release: async () => undefined,
}

export interface Outcome {
  labels: number[]
  artifacts: string[]
  previews: PreviewHeader[]
  payloads: Uint8Array[]
  params: EffectiveParams
  warnings: string[]
  /** Of the warnings. */
  messages: string[]
  sha256: string
  tilesResumed: number
  labelCounts: Record<string, number>
  tilesReported: number
  /** The content of `stats.json`. */
  statistics: unknown
  read: (name: string) => Promise<number[]>
}

let numRuns = 0

/** What is not the same as in any run. */
export interface RunOptions {
  /** In the folder of the test. */
  outName?: string
  /** Of the first volume's content. */
  sha256?: string
  saveIntervalMs?: number
  signal?: AbortSignal
  /** Told when the network is asked for, before anything else. */
  onOpening?: () => void
}

/** Where a run of this name leaves its files. */
export function outFolderOf(outName: string): string {
  return path.join(folder, outName)
}

/** Runs a job in this thread. */
export async function run(
  files: string[],
  manifest: ModelManifest,
  params: Partial<EffectiveParams> = {},
  session: NetworkSession = unevenNetwork,
  options: RunOptions = {},
): Promise<Outcome> {
  const { outName = `out-${numRuns++}`, sha256 = '', saveIntervalMs, signal = new AbortController().signal } = options
  const outFolder = outFolderOf(outName)
  const [first, ...more] = files.map((file) => ({ path: file, filename: path.basename(file), sha256 }))
  const previews: PreviewHeader[] = []
  const payloads: Uint8Array[] = []
  let tilesReported = 0
  const createSession = async () => {
    options.onOpening?.()
    return session
  }
  const outcome = await runJob(
    {
      jobId: 'test',
      attempt: 1,
      volume: first,
      ...(more.length > 0 ? { moreVolumes: more } : {}),
      model: { folder, manifest },
      params: {
        patch_zyx: manifest.tiles.patch_zyx,
        step: manifest.tiles.step,
        mirror_axes: [],
        preview_factor: 4,
        preview_interval_seconds: 0,
        threads: 1,
        provider: 'cpu',
        ...params,
      },
      outFolder,
      ...(saveIntervalMs === undefined ? {} : { saveIntervalMs }),
      programVersion: 'test',
      createdAt: new Date().toISOString(),
    },
    {
      progress: ({ tilesDone }) => {
        tilesReported = tilesDone
      },
      preview: (header, payload) => {
        previews.push(header)
        payloads.push(payload)
      },
    },
    { openVolume: openVolumeFile, createSession, engine: 'test' },
    signal,
  )
  const read = async (name: string) => {
    const source = await openVolumeFile(path.join(outFolder, name))
    const values = Array.from(await source.readSlab(0, source.header.shapeZyx[0]), Number)
    await source.close()
    return values
  }
  expect((await readdir(outFolder)).filter((name) => name.endsWith('.partial'))).toEqual([])
  return {
    labels: await read('mask.mrc'),
    artifacts: outcome.artifacts.map(({ name }) => name),
    previews,
    payloads,
    params: outcome.params,
    messages: outcome.warnings.map(({ message }) => message),
    warnings: outcome.warnings.map(({ code }) => code),
    sha256: outcome.result.mask_sha256,
    tilesResumed: outcome.result.tiles_resumed ?? 0,
    labelCounts: outcome.result.labels,
    tilesReported,
    statistics: JSON.parse(await readFile(path.join(outFolder, 'stats.json'), 'utf8')),
    read,
  }
}

/** Not a multiple of any tile. */
export const SHAPE: Zyx = [13, 22, 31]

export function manifestOf(change: Partial<ModelManifest> = {}): ModelManifest {
  const base = thresholdManifest()
  return { ...base, tiles: { ...base.tiles, patch_zyx: [8, 12, 16], divisible_by_zyx: [4, 4, 4] }, ...change }
}
