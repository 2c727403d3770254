import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { createOnnxSession } from '../adapters/onnx-session.ts'
import { makeMrc } from '../test/make-mrc.ts'
import { attribute, onnxModel, tensor, valueInfo } from '../test/onnx-graph.ts'
import { thresholdManifest } from '../test/threshold-model.ts'
import { runJob } from './run-job.ts'

const SHAPE: Zyx = [11, 14, 19]

/** Whole numbers from -8 to 8, none like its neighbours. */
const VALUES = Float32Array.from({ length: numVoxels(SHAPE) }, (_, i) => ((i * 31) % 17) - 8)

type Activation = ModelManifest['output']['activation']

/** Channel k is slope · x + offset; no logit of a whole number is 0. */
const CHANNELS = [
  { slope: 1, offset: -1.5 },
  { slope: -1, offset: -2.5 },
  { slope: 2, offset: -9 },
] as const

type Channel = (typeof CHANNELS)[number] | { slope: 0; offset: number }

/** A real network of these channels, its activation inside. */
function network(chosen: readonly Channel[], activation: Activation): Uint8Array {
  const numChannels = chosen.length
  const last = activation === 'none' ? 'logits' : 'plain'
  const applied = {
    none: [],
    sigmoid: [{ op: 'Sigmoid', inputs: ['plain'], outputs: ['logits'] }],
    softmax: [{ op: 'Softmax', inputs: ['plain'], outputs: ['logits'], attributes: [attribute.int('axis', 1)] }],
  }[activation]
  return onnxModel({
    nodes: [{ op: 'Conv', inputs: ['input', 'w', 'b'], outputs: [last] }, ...applied],
    initializers: [
      tensor(
        'w',
        [numChannels, 1, 1, 1, 1],
        Float32Array.from(chosen, ({ slope }) => slope),
      ),
      tensor(
        'b',
        [numChannels],
        Float32Array.from(chosen, ({ offset }) => offset),
      ),
    ],
    outputs: [valueInfo('logits', ['N', numChannels, 'D', 'H', 'W'])],
  })
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-decode-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

interface Case {
  numChannels: number
  activation: Activation
  decode: ModelManifest['decode']
  channels?: readonly Channel[]
  tiles?: Partial<ModelManifest['tiles']>
  params?: Partial<EffectiveParams>
}

/** Labels, stored probabilities and candidates of a run in overlapping, mirrored tiles. */
async function decoded({ numChannels, activation, decode, channels, tiles, params }: Case) {
  const base = thresholdManifest()
  const colors = ['#000000', '#00c878', '#faa000', '#ff0050']
  const numLabels = decode.mode === 'argmax' ? numChannels : numChannels + 1
  const manifest: ModelManifest = {
    ...base,
    output: { ...base.output, channels: numChannels, activation },
    labels: colors.slice(0, numLabels).map((color, value) => ({ value, name: `label ${value}`, color })),
    decode,
    tiles: { ...base.tiles, ...tiles },
  }
  const file = path.join(folder, 'a.mrc')
  await writeFile(file, makeMrc(VALUES, SHAPE))
  await writeFile(path.join(folder, 'model.onnx'), network(channels ?? CHANNELS.slice(0, numChannels), activation))
  const outFolder = path.join(folder, 'out')
  await runJob(
    {
      ...{ jobId: 'test', attempt: 1, volume: { path: file, filename: 'a.mrc', sha256: '' } },
      model: { folder, manifest },
      params: {
        ...{ patch_zyx: [8, 8, 8], step: 0.5, mirror_axes: ['x'], preview_factor: null },
        ...{ preview_interval_seconds: 1, threads: 1, provider: 'cpu', ...params },
      },
      ...{ outFolder, programVersion: 'test', createdAt: '' },
    },
    { progress: () => undefined, preview: () => undefined },
    { openVolume: openVolumeFile, createSession: createOnnxSession, engine: 'test' },
    new AbortController().signal,
  )
  const read = async (name: string) => {
    const source = await openVolumeFile(path.join(outFolder, name))
    const values = Array.from(await source.readSlab(0, SHAPE[0]), Number)
    await source.close()
    return values
  }
  return {
    labels: await read('mask.mrc'),
    probability: await read('probability.mrc'),
    candidate: await read('candidate.mrc'),
  }
}

const logit = (channel: number, x: number) => CHANNELS[channel].slope * x + CHANNELS[channel].offset
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value))
const all = (of: (x: number) => number) => Array.from(VALUES, of)

/** Probabilities are kept as 255ths; the mean over tiles and copies may fall on the other side of a half. */
function expectNear(found: readonly number[], expected: readonly number[]) {
  expect(found.length).toBe(expected.length)
  const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - 255 * expected[i])), 0)
  expect(worst).toBeLessThan(0.501)
}

describe('regions', () => {
  const decode: ModelManifest['decode'] = { mode: 'regions', regions_order: [2, 3, 1], threshold: null }

  /** The last painted channel, or none. */
  const painted = (x: number) => [0, 1, 2].reduce((last, channel) => (logit(channel, x) > 0 ? channel : last), -1)
  const strongest = (x: number) =>
    [0, 1, 2].reduce((best, channel) => (logit(channel, x) > logit(best, x) ? channel : best), 0)
  const shown = (x: number) => (painted(x) < 0 ? strongest(x) : painted(x))

  it.each(['none', 'sigmoid'] as const)(
    'are painted over each other in their order, activation %s',
    async (activation) => {
      const found = await decoded({ numChannels: 3, activation, decode })
      expect(found.labels).toEqual(all((x) => (painted(x) < 0 ? 0 : [2, 3, 1][painted(x)])))
      expect(new Set(found.labels)).toEqual(new Set([0, 1, 2, 3]))
      expect(found.candidate).toEqual(all((x) => [2, 3, 1][shown(x)]))
      expectNear(
        found.probability,
        all((x) => sigmoid(logit(shown(x), x))),
      )
    },
  )

  it('become the candidates above the threshold of a job', async () => {
    const found = await decoded({
      ...{ numChannels: 3, activation: 'none', decode },
      params: { threshold: 0.95 },
    })
    expect(found.labels).toEqual(
      all((x) => (Math.round(255 * sigmoid(logit(shown(x), x))) / 255 >= 0.95 ? [2, 3, 1][shown(x)] : 0)),
    )
    expect(found.labels.filter((label) => label > 0).length).toBeGreaterThan(100)
  })
})

describe('one channel with a threshold', () => {
  it.each([
    ['none', 0.5],
    ['none', 0.9],
    ['sigmoid', 0.5],
    ['sigmoid', 0.9],
  ] as const)('is foreground above it, activation %s, threshold %f', async (activation, threshold) => {
    const decode = { mode: 'threshold', regions_order: null, threshold } as const
    const found = await decoded({ numChannels: 1, activation, decode })
    expect(found.labels).toEqual(all((x) => (sigmoid(logit(0, x)) > threshold ? 1 : 0)))
    expect(new Set(found.labels).size).toBe(2)
    expectNear(
      found.probability,
      all((x) => sigmoid(logit(0, x))),
    )
    expect(found.candidate.every((label) => label === 1)).toBe(true)
  })
})

describe('a network that gives exactly the cut everywhere', () => {
  it.each([
    ['sigmoid', 0.5, 0, 0.5],
    ['sigmoid', 0.5, 0, 0.25],
    ['none', 0.25, Math.log(0.25 / 0.75), 0.5],
    ['none', 0.9, Math.log(0.9 / 0.1), 0.5],
  ] as const)('has no foreground, activation %s, threshold %f, value %f, step %f', async (...facts) => {
    const [activation, threshold, offset, step] = facts
    const found = await decoded({
      ...{ numChannels: 1, activation, decode: { mode: 'threshold', regions_order: null, threshold } },
      ...{ channels: [{ slope: 0, offset }], tiles: { gaussian: true }, params: { step } },
    })
    expect(found.labels.filter((label) => label > 0)).toHaveLength(0)
  })

  it('has nothing but foreground at a threshold of 0', async () => {
    const decode = { mode: 'threshold', regions_order: null, threshold: 0 } as const
    const found = await decoded({ numChannels: 1, activation: 'none', decode })
    expect(found.labels.every((label) => label === 1)).toBe(true)
  })
})

describe('the largest channel', () => {
  const decode = { mode: 'argmax', regions_order: null, threshold: null } as const
  const largest = (x: number) =>
    [0, 1, 2].reduce((best, channel) => (logit(channel, x) > logit(best, x) ? channel : best), 0)
  const foreground = (x: number) => (logit(2, x) > logit(1, x) ? 2 : 1)
  const share = (channel: number, x: number) =>
    1 / [0, 1, 2].reduce((sum, other) => sum + Math.exp(logit(other, x) - logit(channel, x)), 0)

  it.each(['none', 'softmax'] as const)(
    'is the label, with the share of the best foreground, activation %s',
    async (activation) => {
      const found = await decoded({ numChannels: 3, activation, decode })
      expect(found.labels).toEqual(all(largest))
      expect(new Set(found.labels)).toEqual(new Set([0, 1, 2]))
      expect(found.candidate).toEqual(all((x) => largest(x) || foreground(x)))
      expectNear(
        found.probability,
        all((x) => share(largest(x) || foreground(x), x)),
      )
    },
  )
})
