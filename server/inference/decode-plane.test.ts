import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { createOnnxSession } from '../adapters/onnx-session.ts'
import { loadModelPackage } from '../models/load-package.ts'
import { thresholdManifest } from '../test/threshold-model.ts'
import { makeDecoder } from './decode-plane.ts'
import type { WeightOf } from './plane-window.ts'

const DEMO = path.resolve(import.meta.dirname, '../../resources/models/demo-cryoet-unet')

interface Plane {
  sums: Float32Array
  sizeYx: [number, number]
  /** Of the labels, in the order of the channels. */
  values: number[]
  weights: WeightOf
}

function decode({ sums, sizeYx, values, weights }: Plane) {
  const manifest = thresholdManifest({
    output: { ...thresholdManifest().output, channels: values.length },
    labels: values.map((value) => ({ value, name: `label ${value}`, color: '#00c878' })),
  })
  const planeVox = sizeYx[0] * sizeYx[1]
  const into = {
    labels: new Uint8Array(planeVox),
    probability: new Uint8Array(planeVox),
    candidate: new Uint8Array(planeVox),
  }
  makeDecoder(manifest)(sums, weights, { paddedYx: sizeYx, belowYx: [0, 0], sizeYx }, into)
  return into
}

/** The same by its definition: the largest channel, the largest foreground, an exponential for every channel. */
function byDefinition({ sums, sizeYx, values, weights }: Plane) {
  const planeVox = sizeYx[0] * sizeYx[1]
  const into = { labels: [] as number[], probability: [] as number[], candidate: [] as number[] }
  for (let at = 0; at < planeVox; at++) {
    const weight = weights(Math.floor(at / sizeYx[1]), at % sizeYx[1])
    const own = values.map((_, channel) => sums[channel * planeVox + at])
    const largest = (channels: number[]) =>
      channels.reduce((best, channel) => (own[channel] > own[best] ? channel : best))
    const all = [...values.keys()]
    const best = largest(all.filter((channel) => values[channel] !== 0))
    const others = own.filter((_, channel) => channel !== best).map((value) => value - own[best])
    const total = others.reduce((sum, difference) => sum + Math.exp(difference / weight), 1)
    into.labels.push(values[largest(all)])
    into.candidate.push(values[best])
    into.probability.push(Math.round(255 / total))
  }
  return into
}

function expectSame(plane: Plane) {
  const { labels, probability, candidate } = decode(plane)
  const found = { labels: [...labels], probability: [...probability], candidate: [...candidate] }
  expect(found).toEqual(byDefinition(plane))
  return found
}

function random(seed: number) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

describe('labels, candidates and probabilities under argmax have the bytes of their definition', () => {
  const sizeYx: [number, number] = [60, 70]
  const VALUES = [[0, 1], [0, 1, 2, 3], [4, 0, 9], [1, 2, 0], Array.from({ length: 18 }, (_, i) => i)]

  it.each(VALUES.map((values) => [values]))('on random logits of all sizes, labels %j', (values) => {
    for (const [seed, scale] of [0.01, 1, 5, 30, 1e6].entries()) {
      const next = random(seed + 1)
      const weightsOfX = Float64Array.from({ length: sizeYx[1] }, () => 0.001 + 20 * next())
      const weights: WeightOf = (y, x) => weightsOfX[x] * (1 + y)
      const sums = Float32Array.from({ length: values.length * sizeYx[0] * sizeYx[1] }, (_, i) => {
        const at = i % (sizeYx[0] * sizeYx[1])
        return scale * (next() - 0.5) * weights(Math.floor(at / sizeYx[1]), at % sizeYx[1])
      })
      expectSame({ sums, sizeYx, values, weights })
    }
  })

  it.each(VALUES.map((values) => [values]))('on ties, labels %j', (values) => {
    const next = random(7)
    const sums = Float32Array.from({ length: values.length * 4200 }, () => Math.floor(3 * next()))
    const { labels } = expectSame({ sums, sizeYx, values, weights: () => 1 })
    expect(new Set(labels).size).toBeGreaterThanOrEqual(Math.min(values.length, 4))
  })

  it('where a probability is as near to a half as float32 comes', () => {
    const halves = Array.from({ length: 255 }, (_, k) => Math.log(255 / (k + 0.5) - 1))
    const steps = [-3, -2, -1, 0, 1, 2, 3]
    const sums = new Float32Array(2 * halves.length * steps.length)
    for (const [k, half] of halves.entries())
      for (const [i, step] of steps.entries())
        sums[k * steps.length + i] = half + step * 2 ** -24 * Math.max(1e-3, Math.abs(half))
    const plane: Plane = { sums, sizeYx: [halves.length, steps.length], values: [0, 1], weights: () => 1 }
    expect(new Set(expectSame(plane).probability).size).toBe(256)
  })

  it('on logits of the bundled network', async () => {
    const { manifest } = await loadModelPackage(DEMO)
    const modelPath = path.join(DEMO, manifest.onnx.file)
    const session = await createOnnxSession({ modelPath, manifest, provider: 'cpu', threads: 1 })
    const [sizeZ, sizeY, sizeX]: Zyx = [16, 64, 64]
    const next = random(3)
    const input = Float32Array.from({ length: sizeZ * sizeY * sizeX }, (_, i) => {
      const isDark = ((i >> 3) & 7) < 3 && ((i >> 9) & 7) < 4
      return 3 * (next() - 0.5) - (isDark ? 1.5 : 0)
    })
    const logits = await session.run(input, [1, 1, sizeZ, sizeY, sizeX])
    await session.release()
    const probabilities = new Set<number>()
    for (let z = 0; z < sizeZ; z++) {
      const weights: WeightOf = (y, x) => 0.5 + z + ((y * 31 + x) % 17)
      const sums = Float32Array.from({ length: 4 * sizeY * sizeX }, (_, i) => {
        const [channel, y, x] = [Math.floor(i / (sizeY * sizeX)), Math.floor(i / sizeX) % sizeY, i % sizeX]
        return logits[((channel * sizeZ + z) * sizeY + y) * sizeX + x] * weights(y, x)
      })
      const found = expectSame({ sums, sizeYx: [sizeY, sizeX], values: [0, 1, 2, 3], weights })
      for (const probability of found.probability) probabilities.add(probability)
    }
    expect(probabilities.size).toBeGreaterThan(200)
  })
})
