import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasSharedData, SHARED_DATA } from '../../build/test-support/shared-data.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { hashVoxels } from '../../shared/node/volume-summary.ts'
import type { Evaluation } from '../cli/commands/evaluate.ts'
import { hasCompiledCli, ROOT, runCli } from './run-cli.ts'

const SAMPLE = path.join(ROOT, 'resources/sample/sample.mrc')
const TRUTH = path.join(ROOT, 'resources/sample/sample-labels.mrc')
const DEMO_MODEL = path.join(ROOT, 'resources/models/demo-cryoet-unet')
const COARSE_MODEL = 'demo-cryoet-unet-coarse'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-cli-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs with a temporary folder of its own, which must be empty again afterwards. */
async function runTidily(args: string[], onStart?: Parameters<typeof runCli>[1]) {
  const temp = await mkdtemp(path.join(folder, 'tmp-'))
  const result = await runCli(args, { ...onStart, env: { TMPDIR: temp } })
  expect(await readdir(temp), 'what the run left in the temporary folder').toEqual([])
  return result
}

describe.runIf(hasCompiledCli && process.platform !== 'win32')('a reader that has enough', () => {
  it('ends no command', () => {
    const cli = path.join(ROOT, 'dist/desktop/cli/main.js')
    // The pipe is closed before the first word comes.
    const { status, stderr } = spawnSync('bash', [
      '-c',
      `set -o pipefail; "${process.execPath}" "${cli}" models --json | true`,
    ])
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' })
  })
})

describe.runIf(hasCompiledCli)('cryomamba segment', () => {
  it('gives the same mask in every format, with the form of JSON that is promised, and leaves nothing behind', async () => {
    const hashes = new Set<string>()
    for (const ending of ['mrc', 'nii', 'nii.gz', 'nrrd']) {
      const out = path.join(folder, `mask.${ending}`)
      const { code, out: text, err } = await runTidily(['segment', SAMPLE, '--out', out, '--json'])
      expect(code, err).toBe(0)
      const result = JSON.parse(text.trim().split('\n').at(-1) ?? '')
      expect(Object.keys(result)).toEqual([
        'job_id',
        'seconds',
        'tiles',
        'forwards',
        'labels',
        'previews',
        'mask_sha256',
      ])
      expect(result).toMatchObject({ tiles: 8, forwards: 8 })
      const mask = await openVolumeFile(out)
      expect(mask.header.shapeZyx).toEqual([72, 160, 192])
      expect(await hashVoxels(mask)).toBe(result.mask_sha256)
      hashes.add(result.mask_sha256)
      await mask.close()
    }
    expect(hashes.size).toBe(1)
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([])
  }, 240_000)

  it('finds what the sample holds with the coarse model too, resampled and back', async () => {
    const out = path.join(folder, 'coarse.mrc')
    const run = await runTidily(['segment', SAMPLE, '--out', out, '--model', COARSE_MODEL])
    expect(run.code, run.err).toBe(0)
    expect(run.out + run.err).toContain('the network ran at 20.22 × 20.22 × 20.22 angstrom')
    const { out: text } = await runTidily(['evaluate', out, TRUTH, '--json'])
    const { shape_zyx, labels } = JSON.parse(text) as Evaluation
    expect(shape_zyx).toEqual([72, 160, 192])
    const dice = Object.fromEntries(labels.map((one) => [one.label, one.dice]))
    expect(dice[1], 'membrane').toBeGreaterThan(0.83)
    expect(dice[2], 'particle').toBeGreaterThan(0.75)
    expect(dice[3], 'fiducial').toBeGreaterThan(0.87)
  }, 120_000)

  it('keeps stderr for one problem object with --json, and for two sentences without', async () => {
    const absent = path.join(folder, 'absent.mrc')
    const asJson = await runTidily(['segment', absent, '--out', path.join(folder, 'a.mrc'), '--json'])
    expect(asJson.code).toBe(2)
    expect(JSON.parse(asJson.err)).toEqual({
      code: 'file_not_found',
      message: expect.any(String),
      hint: expect.any(String),
      retryable: false,
    })
    const asText = await runTidily(['segment', absent, '--out', path.join(folder, 'a.mrc')])
    expect(asText.code).toBe(2)
    expect(asText.err.trim().split('\n').length).toBe(2)
    expect(asText.err).not.toMatch(/at .*\.js/)
  })

  it.each([
    [['segment'], 'usage'],
    [['segment', SAMPLE], 'usage'],
    [['segment', SAMPLE, '--out', 'mask.xyz'], 'format_unknown'],
    [['segment', SAMPLE, '--out', '/nowhere/mask.mrc'], 'file_unwritable'],
    [['segment', SAMPLE, '--out', 'm.mrc', '--colour', 'red'], 'usage'],
    [['segment', SAMPLE, '--out', 'm.mrc', '--patch', '64,64'], 'usage'],
    [['segment', SAMPLE, '--out', 'm.mrc', '--patch', '63,64,64'], 'patch_not_divisible'],
    [['segment', SAMPLE, '--out', 'm.mrc', '--step', '1.5'], 'usage'],
    [['segment', SAMPLE, '--out', 'm.mrc', '--step', '1e-8'], 'usage'],
    [['segment', SAMPLE, '--out', 'm.mrc', '--mirror', 'q'], 'usage'],
    [['segment', SAMPLE, '--out', 'm.mrc', '--model', 'nothing'], 'model_not_found'],
    [['segment', SAMPLE, '--out', 'm.mrc', '--server', 'http://127.0.0.1:1', '--token', 'x'], 'server_unreachable'],
    [['segment', path.join(ROOT, 'package.json'), '--out', 'm.mrc'], 'format_unknown'],
    [['segment', ROOT, '--out', 'm.mrc'], 'file_unreadable'],
    [['dance'], 'usage'],
  ])('refuses %j with its own code', async (args, code) => {
    const result = await runTidily([...args, '--json'])
    expect(result.code).toBe(2)
    expect(JSON.parse(result.err).code).toBe(code)
  })

  it('finds a truncated tomogram before it starts anything', async () => {
    const file = path.join(folder, 'cut.mrc')
    await writeFile(file, (await readFile(SAMPLE)).subarray(0, 100_000))
    const result = await runTidily(['segment', file, '--out', path.join(folder, 'a.mrc'), '--json'])
    expect(JSON.parse(result.err)).toMatchObject({
      code: 'format_truncated',
      message: expect.stringContaining('cut.mrc'),
    })
  })

  it('takes a model folder, and refuses one whose network was changed', async () => {
    const model = path.join(folder, 'model')
    await cp(DEMO_MODEL, model, { recursive: true })
    const manifest = JSON.parse(await readFile(path.join(model, 'model.json'), 'utf8'))
    await writeFile(path.join(model, 'model.json'), JSON.stringify({ ...manifest, id: 'my-model' }))
    const args = [
      'segment',
      SAMPLE,
      '--out',
      path.join(folder, 'own.mrc'),
      '--model',
      model,
      '--patch',
      '32,64,64',
      '--step',
      '1',
      '--json',
    ]
    const good = await runTidily(args)
    expect(good.code, good.err).toBe(0)
    const network = await readFile(path.join(model, 'model.onnx'))
    network[1000] ^= 1
    await writeFile(path.join(model, 'model.onnx'), network)
    const changed = await runTidily(args)
    expect(JSON.parse(changed.err).code).toBe('model_invalid')
  }, 120_000)

  it('never runs the bundled model in place of a refused package of the same name', async () => {
    const model = path.join(folder, 'same-name')
    await cp(DEMO_MODEL, model, { recursive: true })
    const manifest = JSON.parse(await readFile(path.join(model, 'model.json'), 'utf8'))
    await writeFile(path.join(model, 'model.json'), JSON.stringify({ ...manifest, surprise: 1 }))
    const { code, err } = await runTidily([
      'segment',
      SAMPLE,
      '--out',
      path.join(folder, 'wrong.mrc'),
      '--model',
      model,
      '--json',
    ])
    expect(code).toBe(2)
    expect(JSON.parse(err)).toMatchObject({ code: 'model_invalid', message: expect.stringContaining('surprise') })
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'stops at Ctrl-C, at an end from outside and when its terminal closes, leaves no mask and no process: %s',
    async (signal) => {
      const out = path.join(folder, 'stopped.mrc')
      const { code, err } = await runTidily(['segment', SAMPLE, '--out', out, '--mirror', 'z,y,x'], {
        onStart: (child) => {
          child.stderr?.on('data', (chunk) => String(chunk).includes('Segmenting') && child.kill(signal))
        },
      })
      expect(code, err).toBe(signal === 'SIGHUP' ? null : 2)
      expect(err).toContain('Canceled')
      expect(await readdir(folder)).not.toContain('stopped.mrc')
    },
    60_000,
  )

  it.runIf(hasSharedData)(
    'equals the run of the nnU-Net code bit for bit, from the command line',
    async () => {
      const model = path.join(folder, 'reference')
      await mkdir(model)
      const network = await readFile(path.join(SHARED_DATA, 'nnunet/demo_unet.onnx'))
      await writeFile(path.join(model, 'model.onnx'), network)
      const manifest = JSON.parse(await readFile(path.join(DEMO_MODEL, 'model.json'), 'utf8'))
      const onnx = {
        ...manifest.onnx,
        bytes: network.length,
        sha256: createHash('sha256').update(network).digest('hex'),
      }
      await writeFile(path.join(model, 'model.json'), JSON.stringify({ ...manifest, id: 'reference', onnx }))
      const volume = path.join(SHARED_DATA, 'nnunet/odd_72x100x116.mrc')
      const params = JSON.parse(await readFile(path.join(SHARED_DATA, 'nnunet/params.json'), 'utf8'))
      const args = [
        'segment',
        volume,
        '--out',
        path.join(folder, 'odd.mrc'),
        '--model',
        model,
        '--patch',
        '48,64,64',
        '--threads',
        '2',
        '--json',
      ]
      const { code, out, err } = await runTidily(args)
      expect(code, err).toBe(0)
      expect(JSON.parse(out.trim().split('\n').at(-1) ?? '').mask_sha256).toBe(
        params.labels.odd_g1_m0_f32acc.sha256_raw,
      )
    },
    60_000,
  )
})

describe.runIf(hasCompiledCli)('cryomamba models', () => {
  it('lists the bundled models, the default first, and says that they are demonstrations', async () => {
    const { out } = await runTidily(['models'])
    expect(out).toMatch(/^demo-cryoet-unet\b.*[Dd]emonstration/)
    expect(out).toMatch(/demo-cryoet-unet-coarse.*[Dd]emonstration/)
  })
})

describe.runIf(hasCompiledCli)('cryomamba model check', () => {
  it.each(['demo-cryoet-unet', COARSE_MODEL])(
    'tries the bundled network %s',
    async (id) => {
      const { code, out, err } = await runTidily(['model', 'check', path.join(ROOT, 'resources/models', id), '--json'])
      expect(code, err).toBe(0)
      expect(JSON.parse(out)).toMatchObject({ id, ok: true, seconds_per_tile: expect.any(Number) })
    },
    60_000,
  )

  it.each([
    ['names another output', { output: { name: 'nothing' } }, 'nothing'],
    ['has another number of channels', { output: { channels: 3 }, labels: 3 }, '3'],
    ['is no network', { network: 'not an ONNX file' }, 'not a whole ONNX file'],
  ])(
    'refuses a package whose model.json %s',
    async (what, change: { output?: object; labels?: number; network?: string }, text) => {
      const model = path.join(folder, `checked ${what}`)
      await cp(DEMO_MODEL, model, { recursive: true })
      const manifest = JSON.parse(await readFile(path.join(model, 'model.json'), 'utf8'))
      manifest.output = { ...manifest.output, ...change.output }
      manifest.labels = manifest.labels.slice(0, change.labels ?? 4)
      if (change.network) {
        await writeFile(path.join(model, 'model.onnx'), change.network)
        manifest.onnx.bytes = change.network.length
        manifest.onnx.sha256 = createHash('sha256').update(change.network).digest('hex')
      }
      await writeFile(path.join(model, 'model.json'), JSON.stringify(manifest))
      const { code, err } = await runTidily(['model', 'check', model, '--json'])
      expect(code).toBe(2)
      expect(JSON.parse(err)).toMatchObject({ code: 'model_invalid', message: expect.stringContaining(text) })
    },
  )
})

describe.runIf(hasCompiledCli)('cryomamba serve', () => {
  it('refuses a setting that is not valid, with its name', async () => {
    const data = path.join(folder, 'serve-data')
    const { code, err } = await runTidily(['serve', '--port', '99999', '--data', data, '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(err)).toMatchObject({
      code: 'setting_invalid',
      message: expect.stringContaining('CRYOMAMBA_PORT'),
    })
  })
})
