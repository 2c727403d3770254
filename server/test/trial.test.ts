import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checkModel, DEFAULT_TRIAL_LIMITS } from '../models/check-model.ts'
import {
  honestNetwork,
  networkOfAnotherShape,
  networkOfChance,
  networkOfConstants,
  networkOfExchangedAxes,
  networkOfMemory,
  networkOfThreeChannels,
  networkWithNan,
  networkWithNanOnNoise,
  networkWithoutEnd,
  networkWithoutEndOnOutliers,
  networkWithTwoInputs,
} from './hostile-networks.ts'
import { externalTensor, onnxModel } from './onnx-graph.ts'
import { packageFiles, writePackage } from './package-folder.ts'
import { childrenOf } from './real-server.ts'
import { thresholdManifest } from './threshold-model.ts'

/** Needs the compiled program of the trial (`npm run build`), which `npm test` makes first. */
const ENTRY = path.resolve(import.meta.dirname, '../../dist/server/models/try-network.js')
const isLinux = process.platform === 'linux'
const GIB = 1024 ** 3

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-tried-'))
  vi.stubEnv('TMPDIR', folder)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

async function tryOut(network: Uint8Array, limits = DEFAULT_TRIAL_LIMITS, signal?: AbortSignal) {
  await writePackage(folder, packageFiles(network))
  return checkModel(folder, limits, signal, ENTRY)
}

/** Fields of a process from its state on; none where it is gone. */
async function statOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** Folders that trials leave behind. */
async function leftovers(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('cryomamba-trial-'))
}

describe.runIf(existsSync(ENTRY))('a network that is tried', () => {
  it('passes when it does what its manifest says', async () => {
    const { manifest, seconds } = await tryOut(honestNetwork())
    expect(manifest.id).toBe('threshold')
    expect(seconds).toBeGreaterThan(0)
    expect(await leftovers()).toEqual([])
  })

  it.each([
    ['has two inputs', networkWithTwoInputs(), /its inputs are input, other/],
    ['is not finite on zeros', networkWithNan(), /not finite on a tile of zeros/],
    ['is not finite on noise', networkWithNanOnNoise(), /not finite on a tile of noise/],
    ['has another output shape', networkOfAnotherShape(), /its output is float32 1 × 2 × 8 × 4 × 8, expected/],
    ['is cut off', honestNetwork().subarray(0, 150), /not a whole ONNX file/],
    ['has its weights elsewhere', onnxModel({ nodes: [], initializers: [externalTensor('w', '../w')] }), /other files/],
    [
      'has an operator that nobody knows',
      onnxModel({ nodes: [{ op: 'Evil', inputs: ['input'], outputs: ['logits'] }] }),
      /cannot be loaded \(.*Evil/,
    ],
    [
      'exchanges two axes',
      networkOfExchangedAxes(),
      /its output is float32 1 × 2 × 4 × 4 × 8, expected float32 1 × 2 × 4 × 8 × 4/,
    ],
    ['gives other values each time', networkOfChance(), /other values for the same tile/],
    [
      'takes another number of channels',
      networkOfThreeChannels(),
      /does not run on a tile of 1 × 8 × 8 × 8 voxels \(.*Expected: 3/,
    ],
    ['asks for more memory than there is', networkOfMemory(2n ** 42n), /bytes|does not run/],
    ['holds a constant larger than memory', networkOfConstants(2n ** 42n), /bytes|cannot be loaded|does not run/],
  ])('%s: it is refused', async (_what, network, reason) => {
    await expect(tryOut(network)).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringMatching(reason),
    })
    expect(await leftovers()).toEqual([])
  })

  it.runIf(isLinux)('never ends: it is ended at the limit of time, and so is its process', async () => {
    const before = await childrenOf(process.pid)
    await expect(tryOut(networkWithoutEnd(), { seconds: 3, bytes: 4 * GIB })).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining('more than 3 s'),
    })
    const left = async () => (await childrenOf(process.pid)).filter((pid) => !before.includes(pid))
    await expect.poll(left, { timeout: 20_000 }).toEqual([])
  })

  it.runIf(isLinux)('never ends on values that no volume should have: it is ended, too', async () => {
    await expect(tryOut(networkWithoutEndOnOutliers(), { seconds: 4, bytes: 4 * GIB })).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining('more than 4 s'),
    })
  })

  it.runIf(isLinux).each([
    ['while it runs', networkOfMemory(2n ** 29n)],
    ['while it is loaded', networkOfConstants(2n ** 29n)],
  ])('takes more memory than the limit %s: it is refused', async (_when, network) => {
    // 2 GiB of one constant, and as much for what is made of it.
    await expect(tryOut(network, { seconds: 60, bytes: GIB / 2 })).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringMatching(/memory|bytes|cannot be loaded|does not run/),
    })
  })

  it('can be given up', async () => {
    const given = new AbortController()
    setTimeout(() => given.abort(), 500)
    await expect(tryOut(networkWithoutEnd(), DEFAULT_TRIAL_LIMITS, given.signal)).rejects.toMatchObject({
      code: 'canceled',
    })
    expect(await leftovers()).toEqual([])
  })

  it.runIf(isLinux)('ends when its server was killed, also while its network runs', async () => {
    await writePackage(folder, packageFiles(networkWithoutEnd()))
    const server = path.join(folder, 'server.cjs')
    const started = `require('node:child_process').fork(${JSON.stringify(ENTRY)}, [${JSON.stringify(folder)}])`
    await writeFile(server, `process.send(${started}.pid)`)
    const parent = fork(server)
    const [pid] = await once(parent, 'message')
    // It has begun by then: it takes a second of the processor to load.
    const isBusy = async () => Number((await statOf(pid))[11]) > 150
    try {
      await expect.poll(isBusy, { timeout: 30_000 }).toBe(true)
      parent.kill('SIGKILL')
      await expect.poll(async () => (await statOf(pid))[0] ?? 'Z', { timeout: 20_000 }).toBe('Z')
    } finally {
      if ((await statOf(pid)).length > 0) process.kill(pid, 'SIGKILL')
    }
  })

  it.runIf(isLinux)('has a tile that there is no memory for: it is refused, and memory is the reason', async () => {
    const tiles = { ...thresholdManifest().tiles, patch_zyx: [1024, 1024, 1024] as [number, number, number] }
    await writePackage(folder, packageFiles(honestNetwork(), { tiles }))
    await expect(checkModel(folder, { seconds: 60, bytes: GIB }, undefined, ENTRY)).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining('on its first tile: The network asked for more of'),
    })
  })
})
