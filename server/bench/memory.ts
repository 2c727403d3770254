import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Job } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import type { Volume } from '../../shared/contract/volumes.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { loadModelPackage } from '../models/load-package.ts'
import { BUNDLED_MODELS } from '../package-facts.ts'
import { pointwiseNetwork } from './onnx-file.ts'
import { type BenchRow, printReport } from './report.ts'
import { caller, finished, mrcHeader, startServer } from './server-process.ts'

/** 10.5 GB as float32. */
const LARGE: Zyx = [1024, 1600, 1600]
/** 1.3 GB, for a quicker look. */
const SMALL: Zyx = [128, 1600, 1600]

const PATCH: Zyx = [64, 128, 128]
const NUM_CLASSES = 4
const GB = 1e9

/**
 * `npm run bench -- memory [--long]`: the memory of server and worker while a volume larger than memory is segmented
 * from a path on the server, against what was planned for the job and against 4 GB. Linux only; the volume is a sparse
 * file, the network one point-wise convolution, so that reading, blending, decoding and writing are what is seen.
 */
export async function benchMemory(asJson: boolean, isLong: boolean): Promise<void> {
  const shape = isLong ? LARGE : SMALL
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-bench-'))
  try {
    const volumes = path.join(folder, 'volumes')
    await mkdir(volumes)
    await writeSparseVolume(path.join(volumes, 'large.mrc'), shape)
    const model = await writeModel(path.join(folder, 'models', 'pointwise'))
    const rows = await run(folder, volumes, model.id)
    printReport('memory', rows, asJson)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function run(folder: string, volumes: string, model: string): Promise<BenchRow[]> {
  const { child, url, token } = await startServer(path.join(folder, 'data'), {
    CRYOMAMBA_PATH_ROOTS: volumes,
    CRYOMAMBA_MODELS: path.join(folder, 'models'),
  })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  try {
    const call = caller(url, token)
    const volume = await call<Volume>('/v1/volumes/from-path', { path: path.join(volumes, 'large.mrc') })
    // One short run first: from then on the network's share is measured, not guessed.
    const roi_zyx = [
      [0, 64],
      [0, 256],
      [0, 128],
    ] as [[number, number], [number, number], [number, number]]
    await finished(call, (await call<Job>('/v1/jobs', request(volume.volume_id, model, { roi_zyx }))).job_id)
    const startMs = performance.now()
    const peak = watchMemory(child.pid as number)
    const job = await call<Job>('/v1/jobs', request(volume.volume_id, model, {}))
    const done = await finished(call, job.job_id)
    const [peakBytes, seconds] = [await peak.stop(), (performance.now() - startMs) / 1000]
    const planned = job.memory?.total_bytes ?? Number.NaN
    const voxels = numVoxels(volume.shape_zyx)
    const memory = (name: string, against: string, limit: number): BenchRow => ({
      ...{ name, value: peakBytes / 2 ** 20, unit: 'MiB', against },
      ...{ against_value: limit / 2 ** 20, ratio: peakBytes / limit },
    })
    const size = volume.shape_zyx.join('×')
    return [
      memory(`peak of server and worker, ${size}`, 'planned for the job', planned),
      memory(`peak of server and worker, ${size}`, '4 GB', 4 * GB),
      {
        name: `job, ${size} (${done.result?.tiles} tiles)`,
        ...{ value: seconds, unit: 's', against: 'million voxels', against_value: voxels / 1e6 },
        ratio: seconds / (voxels / 1e6),
      },
      ...Object.entries(done.result?.stages ?? {}).map(([stage, value]) => ({
        ...{ name: `stage ${stage}`, value, unit: 's', against: 'job', against_value: seconds },
        ratio: value / seconds,
      })),
    ]
  } finally {
    child.kill('SIGTERM')
    await gone
  }
}

function request(volume_id: string, model: string, params: object) {
  return { volume_id, model, params, preview: { enabled: true } }
}

/** The most memory that a process and its children held together, looked at ten times a second. */
function watchMemory(pid: number): { stop: () => Promise<number> } {
  let peak = 0
  let isOver = false
  const loop = (async () => {
    while (!isOver) {
      peak = Math.max(peak, await residentBytes(pid))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })()
  return {
    stop: async () => {
      isOver = true
      await loop
      return peak
    },
  }
}

async function residentBytes(pid: number): Promise<number> {
  let total = 0
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const text = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '')
    const isOurs = Number(name) === pid || Number(/^PPid:\s+(\d+)/m.exec(text)?.[1]) === pid
    // Files that are mapped, such as the libraries, are shared and can be dropped; what was allocated cannot.
    if (isOurs) total += Number(/^RssAnon:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024
  }
  return total
}

/** An MRC file whose voxels are all zero but for a ramp in every 64th plane: it takes little of the disk. */
async function writeSparseVolume(file: string, [nz, ny, nx]: Zyx): Promise<void> {
  const header = mrcHeader([nz, ny, nx])
  const handle = await open(file, 'w')
  try {
    await handle.write(header, 0, header.length, 0)
    const plane = Float32Array.from({ length: ny * nx }, (_, i) => (i % nx) / nx - 0.5)
    for (let z = 0; z < nz; z += 64)
      await handle.write(new Uint8Array(plane.buffer), 0, plane.byteLength, 1024 + z * plane.byteLength)
    await handle.truncate(1024 + nz * ny * nx * 4)
  } finally {
    await handle.close()
  }
}

/** A package with the cheapest network of four classes, otherwise like the bundled one. */
async function writeModel(folder: string): Promise<ModelManifest> {
  const { manifest } = await loadModelPackage(path.join(BUNDLED_MODELS, 'demo-cryoet-unet'))
  const bytes = pointwiseNetwork([0, 1, -1, 2], [0, -1, -1, -3])
  if (manifest.output.channels !== NUM_CLASSES) throw new Error('the bundled model has another number of classes')
  const changed: ModelManifest = {
    ...manifest,
    id: 'pointwise',
    onnx: {
      ...{ file: 'model.onnx', bytes: bytes.length, opset: 16 },
      sha256: createHash('sha256').update(bytes).digest('hex'),
    },
    input: { ...manifest.input, name: 'input' },
    output: { ...manifest.output, name: 'logits' },
    spacing: { target_zyx: null, unit: null, policy: 'any' },
    tiles: { ...manifest.tiles, patch_zyx: [...PATCH] },
  }
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'model.onnx'), bytes)
  await writeFile(path.join(folder, 'model.json'), JSON.stringify(changed))
  return changed
}

await benchMemory(process.argv.includes('--json'), process.argv.includes('--long'))
