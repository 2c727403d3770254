import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NO_FACTS } from '../inference/network-facts.ts'
import { honestNetwork, networkWithoutEnd } from '../test/hostile-networks.ts'
import { type GraphNode, join, number, onnxModel, tensor, text } from '../test/onnx-graph.ts'
import { saved } from '../test/run-here.ts'
import { thresholdManifest } from '../test/threshold-model.ts'
import { readNetworkFacts } from './read-network-facts.ts'

const DEMO = path.resolve(import.meta.dirname, '../../resources/models/demo-cryoet-unet/model.onnx')

const factsOf = async (bytes: Uint8Array) => readNetworkFacts(await saved('model.onnx', bytes), thresholdManifest())

/** Weights of a convolution with this kernel; `strides` as a list of numbers, packed or not. */
const kernel = (name: string, out: number, from: number) =>
  tensor(name, [out, from, 1, 1, 1], new Float32Array(out * from))
const strides = (...sizes: number[]) =>
  join([text(1, 'strides'), ...sizes.map((size) => number(8, size)), number(20, 7)])

describe('what the file says of a network', () => {
  it('is how many tiles every run takes', async () => {
    expect((await factsOf(honestNetwork(3))).tilesPerRun).toBe(3)
    expect((await factsOf(honestNetwork())).tilesPerRun).toBeNull()
  })

  it('is what it holds at once: of the demo model the two joined halves and what is made of them, 8 channels each', async () => {
    expect(await readNetworkFacts(DEMO, thresholdManifest())).toEqual({
      tilesPerRun: null,
      liveValues: 32,
      bytesPerValue: 4,
    })
  })

  it('counts what a later step still takes, and lets go of what none does', async () => {
    const nodes: GraphNode[] = [
      { op: 'Conv', inputs: ['input', 'w1'], outputs: ['a'] },
      { op: 'Relu', inputs: ['a'], outputs: ['b'] },
      { op: 'Conv', inputs: ['b', 'w2'], outputs: ['c'], attributes: [strides(2, 2, 2)] },
      { op: 'ConvTranspose', inputs: ['c', 'w3'], outputs: ['d'], attributes: [strides(2, 2, 2)] },
      { op: 'Add', inputs: ['b', 'd'], outputs: ['logits'] },
    ]
    const initializers = [kernel('w1', 6, 1), kernel('w2', 16, 6), kernel('w3', 16, 6)]
    // b and d with 6 channels each, c with 16 on an eighth of the voxels; a and logits lie where another lay.
    expect((await factsOf(onnxModel({ nodes, initializers }))).liveValues).toBe(6 + 16 / 8 + 6)
  })

  it('is nothing where a step is not known, or the file ends early', async () => {
    expect((await factsOf(networkWithoutEnd())).liveValues).toBeNull()
    const whole = honestNetwork(2)
    for (let length = 0; length < whole.length; length += 7) {
      const facts = await factsOf(whole.slice(0, length))
      expect([2, null]).toContain(facts.tilesPerRun)
    }
    const file = await saved('empty.onnx', new Uint8Array(0))
    await writeFile(file, '')
    expect(await readNetworkFacts(file, thresholdManifest())).toEqual(NO_FACTS)
  })
})
