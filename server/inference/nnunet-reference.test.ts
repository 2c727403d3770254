import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasSharedData, SHARED_DATA } from '../../build/test-support/shared-data.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { createOnnxSession } from '../adapters/onnx-session.ts'
import { thresholdManifest } from '../test/threshold-model.ts'
import { runJob } from './run-job.ts'

const FOLDER = path.join(SHARED_DATA, 'nnunet')

/** The network of the reference runs with the settings of its run. */
function referenceManifest(gaussian: boolean): ModelManifest {
  const bytes = readFileSync(path.join(FOLDER, 'demo_unet.onnx'))
  const names = ['background', 'membrane', 'particle', 'fiducial']
  const base = thresholdManifest()
  return {
    ...base,
    id: 'reference',
    onnx: {
      file: 'demo_unet.onnx',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      opset: 16,
    },
    output: { ...base.output, channels: 4 },
    normalization: [{ channel: 'tomogram', scheme: 'zscore', use_nonzero_mask: false, invert_contrast: false }],
    tiles: { ...base.tiles, patch_zyx: [48, 64, 64], divisible_by_zyx: [8, 8, 8], gaussian },
    labels: names.map((name, value) => ({ value, name, color: '#ffffff' })),
  }
}

const RESAMPLE: ModelManifest['spacing'] = { target_zyx: [13.48, 13.48, 13.48], unit: 'angstrom', policy: 'resample' }

/** The volume as its header says, or as if its voxels had another size. */
async function openAs(file: string, voxelAngstrom: number | undefined) {
  const source = await openVolumeFile(file)
  if (voxelAngstrom === undefined) return source
  const voxelSizeZyx = [voxelAngstrom, voxelAngstrom, voxelAngstrom] as const
  const header = { ...source.header, voxelSizeZyx, unit: 'angstrom' as const }
  return {
    header,
    readSlab: source.readSlab.bind(source),
    readBox: source.readBox.bind(source),
    close: () => source.close(),
  }
}

describe.runIf(hasSharedData)('sliding window against runs of the nnU-Net code', () => {
  let outFolder: string
  beforeAll(async () => {
    outFolder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-reference-'))
  })
  afterAll(() => rm(outFolder, { recursive: true }))

  /** Share of voxels that differ from a reference run, and the counts of tiles and network runs. */
  async function run(reference: string, gaussian: boolean, mirror: ('z' | 'y' | 'x')[], resampledFrom?: number) {
    const outcome = await runJob(
      {
        jobId: 'reference',
        attempt: 1,
        volume: { path: path.join(FOLDER, 'odd_72x100x116.mrc'), filename: 'odd.mrc', sha256: '' },
        model: {
          folder: FOLDER,
          manifest: { ...referenceManifest(gaussian), ...(resampledFrom ? { spacing: RESAMPLE } : {}) },
        },
        params: {
          patch_zyx: [48, 64, 64],
          step: 0.5,
          mirror_axes: mirror,
          preview_factor: 4,
          preview_interval_seconds: 0,
          threads: 2,
          provider: 'cpu',
        },
        outFolder: path.join(outFolder, reference),
        programVersion: 'test',
        createdAt: new Date().toISOString(),
      },
      { progress: () => undefined, preview: () => undefined },
      { openVolume: (file) => openAs(file, resampledFrom), createSession: createOnnxSession, engine: 'test' },
      new AbortController().signal,
    )
    const expected = gunzipSync(readFileSync(path.join(FOLDER, `${reference}.lab.u8.gz`)))
    const mask = await openVolumeFile(path.join(outFolder, reference, 'mask.mrc'))
    const labels = await mask.readSlab(0, 72)
    await mask.close()
    let differing = 0
    for (let i = 0; i < expected.length; i++) if (Number(labels[i]) !== expected[i]) differing++
    return { share: differing / expected.length, result: outcome.result }
  }

  it('equals the float32 run in all but 0.005 % of the voxels', async () => {
    const { share, result } = await run('odd_g1_m0_f32acc', true, [])
    expect(share).toBeLessThanOrEqual(0.00005)
    expect(result).toMatchObject({ tiles: 18, forwards: 18 })
  })

  it('equals the run that was resampled from 10 Å to 13.48 Å and back in all but 0.05 %', async () => {
    const { share, result } = await run('odd_resampled_10A_to_13.48A_f32acc', true, [], 10)
    expect(share).toBeLessThanOrEqual(0.0005)
    // 53 × 74 × 86 voxels at 13.48 Å.
    expect(result.tiles).toBe(8)
  })

  it('gives exactly the published counts of a real published model on its own head image, in one tile of 256³', async () => {
    const folder = path.join(SHARED_DATA, 'models/meshnet-gwm')
    const bytes = readFileSync(path.join(folder, 'model.onnx'))
    const base = thresholdManifest()
    const names = ['background', 'white matter', 'grey matter']
    const manifest: ModelManifest = {
      ...base,
      id: 'meshnet-gwm',
      onnx: {
        file: 'model.onnx',
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        opset: 14,
      },
      output: { ...base.output, name: 'output', channels: 3 },
      normalization: [{ channel: 'T1', scheme: 'rescale01', use_nonzero_mask: false, invert_contrast: false }],
      tiles: { ...base.tiles, patch_zyx: [256, 256, 256], divisible_by_zyx: [256, 256, 256], gaussian: false },
      labels: names.map((name, value) => ({ value, name, color: '#ffffff' })),
    }
    const file = path.join(folder, 't1_crop.nii.gz')
    const { result } = await runJob(
      {
        jobId: 'head',
        attempt: 1,
        volume: { path: file, filename: 't1_crop.nii.gz', sha256: '' },
        model: { folder, manifest },
        params: {
          patch_zyx: [256, 256, 256],
          step: 1,
          mirror_axes: [],
          preview_factor: null,
          preview_interval_seconds: 1,
          threads: 2,
          provider: 'cpu',
        },
        outFolder: path.join(outFolder, 'head'),
        programVersion: 'test',
        createdAt: new Date().toISOString(),
      },
      { progress: () => undefined, preview: () => undefined },
      { openVolume: openVolumeFile, createSession: createOnnxSession, engine: 'test' },
      new AbortController().signal,
    )
    expect(result.labels).toEqual({ 0: 15523464, 1: 518540, 2: 735212 })
  }, 300_000)

  it('equals nnU-Net as shipped, whose sums are float16, in all but 0.05 %: with Gaussian, without, mirrored', async () => {
    expect((await run('odd_g1_m0', true, [])).share).toBeLessThanOrEqual(0.0005)
    expect((await run('odd_g0_m0', false, [])).share).toBeLessThanOrEqual(0.0005)
    const mirrored = await run('odd_g1_m012', true, ['z', 'y', 'x'])
    expect(mirrored.share).toBeLessThanOrEqual(0.0005)
    expect(mirrored.result.forwards).toBe(144)
  }, 300_000)
})
