import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { createNvidiaSmi } from '../adapters/nvidia-smi.ts'
import { createOnnxSession } from '../adapters/onnx-session.ts'
import type { NetworkSession } from '../inference/network-session.ts'
import { prepareThread, runInThread } from '../inference/run-in-thread.ts'
import { loadModelPackage, type ModelPackage } from '../models/load-package.ts'
import { BUNDLED_MODELS, packageVersion } from '../package-facts.ts'
import { type BenchVolume, generatedVolume, repeatedSample } from './bench-volume.ts'
import { halfModel } from './half-model.ts'
import { type BenchRow, median, printReport } from './report.ts'
import { withCardLoad } from './watch-gpu.ts'

const SHAPE: Zyx = [128, 256, 256]
const PATCH: Zyx = [64, 128, 128]
const STEP = 0.5
const SEED = 20260101

/** `--provider cuda` and the like. */
const PROVIDER = process.argv[process.argv.indexOf('--provider') + 1 || process.argv.length] ?? 'cpu'

const BATCHES = [1, 2, 4]

// CUDA counts cards as nvidia-smi does, so that the one that is watched is the one that works.
process.env.CUDA_DEVICE_ORDER ??= 'PCI_BUS_ID'

/** Bare network runs before and after each job. */
const NUM_BARE_RUNS = 6

/** Jobs of each kind, between bare runs; the one with the median ratio is shown. */
const NUM_ROUNDS = 5
const NUM_BATCH_ROUNDS = 3

/**
 * `npm run bench -- inference [--quick|--long] [--provider cuda]`: how close a job comes to the network alone; `--quick`: with
 * two threads only.
 *
 * The jobs are as they are by default: they keep probabilities and candidates. The limit is tiles × the median bare
 * `session.run` of the same tile in the same process; the ratio above 1 is what reading, normalising, blending, decoding,
 * previews and writing cost. On another provider than the CPU, and with `--long`, also: the bare run and the job with 1, 2
 * and 4 tiles at once; with CUDA how busy the card was during the job.
 */
export async function benchInference(asJson: boolean, isLong: boolean): Promise<void> {
  const model = await loadModelPackage(path.join(BUNDLED_MODELS, 'demo-cryoet-unet'))
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-bench-'))
  try {
    const rows: BenchRow[] = []
    const half = await halfPackage(model, folder)
    const volume = await generatedVolume(folder, SHAPE)
    const isCpu = PROVIDER === 'cpu'
    if (process.argv.includes('--quick'))
      return printReport('inference', await benchBlock(model, folder, volume, 2), asJson)
    for (const threads of isCpu ? [2, 1] : [2]) rows.push(...(await benchBlock(model, folder, volume, threads)))
    rows.push(...(await benchBlock(half, folder, volume, 2)))
    if (!isCpu || isLong) for (const one of [model, half]) rows.push(...(await benchBatches(one, folder, volume)))
    for (const edge of isLong ? [64, 128, 256, 512] : [64, 128, 256]) rows.push(await benchSize(model, folder, edge))
    printReport('inference', rows, asJson)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type BenchModel = Pick<ModelPackage, 'folder' | 'manifest'>

/** The bundled model with weights, input and output in float16. */
async function halfPackage({ manifest, folder: from }: BenchModel, folder: string): Promise<BenchModel> {
  const bytes = halfModel(await readFile(path.join(from, manifest.onnx.file)))
  await writeFile(path.join(folder, 'half.onnx'), bytes)
  return {
    folder,
    manifest: {
      ...manifest,
      onnx: { ...manifest.onnx, file: 'half.onnx', bytes: bytes.length },
      input: { ...manifest.input, dtype: 'float16' },
      output: { ...manifest.output, dtype: 'float16' },
    },
  }
}

async function benchBlock(
  model: BenchModel,
  folder: string,
  { file, origin }: BenchVolume,
  threads: number,
): Promise<BenchRow[]> {
  const session = await openSession(model, threads)
  const shown = await medianRound(() =>
    timeRound(session, (run) => onCard(() => timeJob({ model, folder, file, session, threads, run }))),
  )
  const masksOnly = await medianRound(() =>
    timeRound(session, (run) => timeJob({ model, folder, file, session, threads, run, keepsProbability: false })),
  )
  await session.release()
  const { seconds, tiles, networkMs, stages, limit, bareMs, busyPercent, lowest, highest } = shown
  const how = `${threads} threads, ${model.manifest.input.dtype}`
  const suffix = `${SHAPE.join('×')} (${origin}), patch ${PATCH.join('×')}, ${how}`
  const against = 'tiles × median bare run'
  return [
    { name: `job, ${suffix}`, value: seconds, unit: 's', against, against_value: limit, ratio: seconds / limit },
    ...[lowest, highest].map((one, i) => ({
      name: `job, ${i === 0 ? 'lowest' : 'highest'} ratio of ${NUM_ROUNDS}, ${how}`,
      ...{ value: one.seconds, unit: 's', against, against_value: one.limit, ratio: one.seconds / one.limit },
    })),
    ...(['beforeFirstTile', 'afterLastTile'] as const).map((when) => ({
      name: `${when === 'beforeFirstTile' ? 'before the first tile' : 'after the last tile'}, ${how}`,
      ...{ value: shown[when], unit: 's', against: 'job', against_value: seconds, ratio: shown[when] / seconds },
    })),
    {
      name: `job that keeps no probabilities, ${how}`,
      ...{ value: masksOnly.seconds, unit: 's', against, against_value: masksOnly.limit },
      ratio: masksOnly.seconds / masksOnly.limit,
    },
    {
      name: `network inside the job, ${how}`,
      value: networkMs / 1000,
      unit: 's',
      against,
      against_value: limit,
      ratio: networkMs / 1000 / limit,
    },
    {
      name: `job without the network, ${how}`,
      value: seconds - networkMs / 1000,
      unit: 's',
      against: 'job',
      against_value: seconds,
      ratio: 1 - networkMs / 1000 / seconds,
    },
    ...Object.entries(stages).map(([stage, value]) => ({
      name: `stage ${stage} beside the network, ${how}`,
      value,
      unit: 's',
      against: 'job',
      against_value: seconds,
      ratio: value / seconds,
    })),
    {
      name: `tiles, ${how}`,
      value: tiles / seconds,
      unit: '1/s',
      against: 'bare run',
      against_value: 1000 / bareMs,
      ratio: ((tiles / seconds) * bareMs) / 1000,
    },
    ...(busyPercent === null
      ? []
      : [
          {
            name: `card busy, ${how}`,
            ...{ value: busyPercent, unit: '%', against: 'all the time', against_value: 100, ratio: busyPercent / 100 },
          },
        ]),
    {
      name: `peak memory of the process, ${how}`,
      value: process.resourceUsage().maxRSS / 1024,
      unit: 'MiB',
      against: null,
      against_value: null,
      ratio: null,
    },
  ]
}

type RunJob = typeof runInThread
type Timed = Awaited<ReturnType<typeof timeJob>>

/** A job, and what the network alone takes for its tiles right before and after it: the machine changes over minutes. */
async function timeRound<T extends Timed>(session: NetworkSession, job: (run: RunJob) => Promise<T>, batch = 1) {
  // As a worker does before it is given a job.
  const run = prepareThread()
  const before = await bareRuns(session, batch)
  const timed = await job(run)
  const bareMs = median([...before, ...(await bareRuns(session, batch))]) / batch
  return { ...timed, bareMs, limit: (timed.tiles * bareMs) / 1000 }
}

/** The round whose ratio is the median of several, and those at both ends. */
async function medianRound<T extends { seconds: number; limit: number }>(
  run: () => Promise<T>,
  numRounds = NUM_ROUNDS,
): Promise<T & { lowest: T; highest: T }> {
  const rounds: T[] = []
  for (let i = 0; i < numRounds; i++) rounds.push(await run())
  rounds.sort((a, b) => a.seconds / a.limit - b.seconds / b.limit)
  const [lowest, highest] = [rounds[0], rounds[numRounds - 1]]
  return { ...rounds[Math.floor(numRounds / 2)], lowest, highest }
}

/** What a tile takes where several go through the network at once: the network alone, and a whole job. */
async function benchBatches(model: BenchModel, folder: string, { file }: BenchVolume): Promise<BenchRow[]> {
  const session = await openSession(model, 2)
  const bare: number[] = []
  const whole: number[] = []
  for (const batch of BATCHES) {
    const round = () =>
      timeRound(session, (run) => timeJob({ model, folder, file, session, threads: 2, run, batch }), batch)
    const { seconds, tiles, bareMs } = await medianRound(round, NUM_BATCH_ROUNDS)
    bare.push(bareMs)
    whole.push((1000 * seconds) / tiles)
  }
  await session.release()
  const { dtype } = model.manifest.input
  const row = (what: string, values: number[], i: number): BenchRow => ({
    name: `${what} per tile, batch ${BATCHES[i]}, ${dtype}`,
    ...{ value: values[i], unit: 'ms', against: 'batch 1', against_value: values[0], ratio: values[i] / values[0] },
  })
  return BATCHES.flatMap((_batch, i) => [row('bare run', bare, i), row('job', whole, i)])
}

/** A job, and how busy the card was during it where there is one. */
async function onCard(job: () => Promise<Timed>): Promise<Timed & { busyPercent: number | null }> {
  if (PROVIDER !== 'cuda') return { ...(await job()), busyPercent: null }
  const { result, busyPercent } = await withCardLoad(job, createNvidiaSmi(), process.env)
  return { ...result, busyPercent }
}

/** How time grows with the size of the volume. */
async function benchSize(model: BenchModel, folder: string, edge: number): Promise<BenchRow> {
  const file = await repeatedSample(folder, [edge, edge, edge])
  const session = await openSession(model, 2)
  const { seconds, tiles } = await timeJob({ model, folder, file, session, threads: 2 })
  await session.release()
  const voxels = edge ** 3 / 1e6
  return {
    name: `job, ${edge}³ (${tiles} tiles)`,
    value: seconds,
    unit: 's',
    against: 'million voxels',
    against_value: voxels,
    ratio: seconds / voxels,
  }
}

function openSession({ manifest, folder }: BenchModel, threads: number): Promise<NetworkSession> {
  return createOnnxSession({ modelPath: path.join(folder, manifest.onnx.file), manifest, provider: PROVIDER, threads })
}

async function bareRuns(session: NetworkSession, batch: number): Promise<number[]> {
  const tile = noise(batch * numVoxels(PATCH))
  const times: number[] = []
  for (let i = 0; i < NUM_BARE_RUNS; i++) {
    const startMs = performance.now()
    await session.run(tile, [batch, 1, ...PATCH])
    times.push(performance.now() - startMs)
  }
  // The first run of a shape also prepares it.
  return times.slice(1)
}

interface TimedJob {
  model: BenchModel
  folder: string
  file: string
  session: NetworkSession
  threads: number
  batch?: number
  run?: RunJob
  /** As a job does by default. */
  keepsProbability?: boolean
}

async function timeJob({
  model,
  folder,
  file,
  session,
  threads,
  batch = 1,
  run = runInThread,
  keepsProbability = true,
}: TimedJob) {
  let networkMs = 0
  let firstRunMs: number | null = null
  let lastOutputMs = 0
  const timed: NetworkSession = {
    run: async (input, shape) => {
      const startMs = performance.now()
      firstRunMs ??= startMs
      const output = await session.run(input, shape)
      lastOutputMs = performance.now()
      networkMs += lastOutputMs - startMs
      return output
    },
    release: async () => undefined,
  }
  const outFolder = await mkdtemp(path.join(folder, 'job-'))
  const startMs = performance.now()
  const { result } = await run(
    {
      jobId: 'bench',
      attempt: 1,
      volume: { path: file, filename: path.basename(file), sha256: '' },
      model,
      params: {
        patch_zyx: [...PATCH],
        step: STEP,
        mirror_axes: [],
        preview_factor: 4,
        preview_interval_seconds: 1,
        threads,
        provider: PROVIDER,
        probability: keepsProbability,
        batch,
      },
      outFolder,
      programVersion: packageVersion(),
      createdAt: new Date().toISOString(),
    },
    { progress: () => undefined, preview: () => undefined },
    { openVolume: openVolumeFile, createSession: async () => timed, engine: 'bench' },
    new AbortController().signal,
  )
  const endMs = performance.now()
  const seconds = (endMs - startMs) / 1000
  const beforeFirstTile = ((firstRunMs ?? endMs) - startMs) / 1000
  const afterLastTile = (endMs - lastOutputMs) / 1000
  await rm(outFolder, { recursive: true, force: true })
  return { seconds, beforeFirstTile, afterLastTile, tiles: result.tiles, networkMs, stages: result.stages ?? {} }
}

/** Uniform noise with a fixed seed: the time of a network does not depend on what it sees. */
function noise(length: number): Float32Array {
  const values = new Float32Array(length)
  let state = SEED
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[i] = state / 2 ** 31 - 1
  }
  return values
}

await benchInference(process.argv.includes('--json'), process.argv.includes('--long'))
