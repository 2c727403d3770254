import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasCompiledCli, ROOT, runCli } from './run-cli.ts'

const DEMO_MODEL = path.join(ROOT, 'resources/models/demo-cryoet-unet')
const SAMPLE = path.join(ROOT, 'resources/sample/sample.mrc')

const KWARGS = { is_seg: false, order: 1, order_z: 0, force_separate_z: null }

/** The demonstration network as if nnU-Net had trained it on files that lie as MRC does. */
const PLANS = {
  dataset_name: 'Dataset042_Tomograms',
  plans_name: 'nnUNetPlans',
  transpose_forward: [0, 1, 2],
  transpose_backward: [0, 1, 2],
  configurations: {
    '3d_fullres': {
      patch_size: [32, 64, 64],
      spacing: [13.48, 13.48, 13.48],
      normalization_schemes: ['ZScoreNormalization'],
      use_mask_for_norm: [false],
      resampling_fn_data: 'resample_data_or_seg_to_shape',
      resampling_fn_data_kwargs: { ...KWARGS, order: 3 },
      resampling_fn_probabilities: 'resample_data_or_seg_to_shape',
      resampling_fn_probabilities_kwargs: KWARGS,
      pool_op_kernel_sizes: [1, 2, 2, 2].map((stride) => [stride, stride, stride]),
    },
    '3d_cascade_fullres': { inherits_from: '3d_fullres', previous_stage: '3d_lowres' },
  },
}
const DATASET = {
  channel_names: { '0': 'tomogram' },
  labels: { background: 0, membrane: 1, particle: 2, fiducial: 3 },
}

let folder: string
let files: string[]
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-cli-'))
  const [plans, dataset] = [path.join(folder, 'plans.json'), path.join(folder, 'dataset.json')]
  await writeFile(plans, JSON.stringify(PLANS))
  await writeFile(dataset, JSON.stringify(DATASET))
  const onnx = path.join(DEMO_MODEL, 'model.onnx')
  files = ['--onnx', onnx, '--plans', plans, '--dataset', dataset, '--unit', 'angstrom']
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.runIf(hasCompiledCli)('cryomamba model', () => {
  it('imports a network of nnU-Net that is then in order and gives the mask of the same network by hand', async () => {
    const made = path.join(folder, 'made')
    const imported = await runCli(['model', 'import', ...files, '--id', 'tomograms', '--out', made, '--json'])
    expect(imported.code, imported.err).toBe(0)
    expect(JSON.parse(imported.out)).toEqual({
      id: 'tomograms',
      version: '1.0.0',
      ok: true,
      seconds_per_tile: expect.any(Number),
      folder: made,
      notes: [],
    })
    expect((await readdir(made)).sort()).toEqual(['model.json', 'model.onnx'])
    expect((await runCli(['model', 'check', made])).code).toBe(0)

    const maskHash = async (...model: string[]) => {
      const out = path.join(folder, 'mask.mrc')
      const {
        code,
        out: text,
        err,
      } = await runCli(['segment', SAMPLE, '--out', out, '--step', '1', ...model, '--json'])
      expect(code, err).toBe(0)
      return JSON.parse(text.trim().split('\n').at(-1) ?? '').mask_sha256
    }
    expect(await maskHash('--model', made)).toBe(await maskHash('--patch', '32,64,64'))
  }, 240_000)

  it('refuses an import in two sentences or as one object, and leaves nothing', async () => {
    const out = path.join(folder, 'refused')
    const args = ['model', 'import', ...files, '--configuration', '3d_cascade_fullres', '--out', out]
    const asJson = await runCli([...args, '--json'])
    expect(asJson.code).toBe(2)
    expect(JSON.parse(asJson.err)).toMatchObject({
      code: 'model_feature_unsupported',
      message: expect.stringContaining('3d_lowres'),
    })
    const asText = await runCli(args)
    expect(asText.err.trim().split('\n').length).toBe(2)
    expect(await readdir(folder)).not.toContain('refused')
  })

  it('never writes over a folder', async () => {
    const before = await readFile(path.join(DEMO_MODEL, 'model.json'), 'utf8')
    const refused = await runCli(['model', 'import', ...files, '--out', DEMO_MODEL, '--json'])
    expect(JSON.parse(refused.err)).toMatchObject({ code: 'usage', message: expect.stringContaining('exists already') })
    expect(await readFile(path.join(DEMO_MODEL, 'model.json'), 'utf8')).toBe(before)
  })
})
