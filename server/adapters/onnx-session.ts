import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { shownText } from '../../shared/errors/shown-text.ts'
import type { NetworkSession, SessionFactory, SessionRequest } from '../inference/network-session.ts'
import { fromHalf, toHalf } from './half-float.ts'
import { judgePlacement, nodesOnCpu } from './node-placement.ts'
import { memoryProblem } from './onnx-memory.ts'
import { providerProblem } from './provider-problem.ts'

type Ort = typeof import('onnxruntime-node')
type OrtSession = Awaited<ReturnType<Ort['InferenceSession']['create']>>
type OrtOptions = NonNullable<Parameters<Ort['InferenceSession']['create']>[1]>

/** What of onnxruntime is used here; a test may put something in between. */
export type OrtLibrary = Pick<Ort, 'InferenceSession' | 'Tensor'>

/** A step that its provider took and then refuses, e.g. a three-dimensional ConvTranspose on WebGPU. */
const STEP_REFUSED = /while running (\w+) node\. Name:'([^']*)' Status Message: ([^\n]*)/

/** Said when `disable_cpu_ep_fallback` is set and a step has no other place than the CPU. */
const STAYS_ON_CPU = /fallback to CPU EP has been explicitly disabled/

/** Names of inputs or outputs that a message lists. */
const MOST_NAMES = 8

/** Characters of the library's words that are looked at: names in a stranger's network can be as long as its file. */
const MOST_WORDS = 2000

/** Where in the library's source an error was thrown, which says nothing to users. */
const CODE_PLACE = /\/\S+\.(cc|h|cpp):\d+ (?:[^\s(]+ )*\S+\([^)]*\)(?: const)? ?/g

/** The network is tried on a tile of this many times its divisor; the place of a step does not depend on the size. */
const TRIAL_DIVISORS = 4

/**
 * Loads a network with onnxruntime. The library is loaded on first use, because it has no build for Intel Macs.
 * Only the requested provider is listed, and steps that it leaves to the CPU are found: a network whose convolutions
 * stay there is refused. `run` blocks the calling thread: use it in a process of its own.
 */
export const createOnnxSession: SessionFactory = async (request) => {
  // From 1.29 on the library reports its use to its maker unless this is set before it is loaded. Nothing leaves the lab.
  process.env.ORT_DISABLE_TELEMETRY = '1'
  return createSessionWith(await import('onnxruntime-node'), request)
}

/** The same with a given library. @throws {DomainError} `provider_unavailable`, `model_invalid`, `out_of_memory` */
export async function createSessionWith(ort: OrtLibrary, request: SessionRequest): Promise<NetworkSession> {
  const { session, staysOnCpu } = await open(ort, request)
  try {
    checkInterface(session, request)
    const warning = staysOnCpu ? await findPlacement(ort, session, request, staysOnCpu.profileFolder) : null
    if (warning) console.error(warning)
    return new OnnxSession(ort, session, request, warning === null ? [] : [warning])
  } catch (error) {
    await session.release()
    throw error
  } finally {
    if (staysOnCpu) await rm(staysOnCpu.profileFolder, { recursive: true, force: true })
  }
}

interface Opened {
  session: OrtSession
  /** Set when steps stay on the CPU: the session writes a profile into this folder. */
  staysOnCpu: { profileFolder: string } | null
}

async function open(ort: OrtLibrary, request: SessionRequest): Promise<Opened> {
  if (request.provider === 'cpu') return { session: await load(ort, request, {}), staysOnCpu: null }
  try {
    return { session: await load(ort, request, { disable_cpu_ep_fallback: '1' }), staysOnCpu: null }
  } catch (error) {
    if (!STAYS_ON_CPU.test(String(((error as Error).cause as Error | undefined)?.message))) throw error
  }
  const profileFolder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-profile-'))
  try {
    const profile = { enableProfiling: true, profileFilePrefix: path.join(profileFolder, 'placement') }
    return { session: await load(ort, request, {}, profile), staysOnCpu: { profileFolder } }
  } catch (error) {
    await rm(profileFolder, { recursive: true, force: true })
    throw error
  }
}

async function load(
  ort: OrtLibrary,
  { modelPath, provider, threads, manifest }: SessionRequest,
  configuration: Record<string, string>,
  more: OrtOptions = {},
): Promise<OrtSession> {
  try {
    return await ort.InferenceSession.create(modelPath, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // Spinning threads would take the cores from the neighbours on a shared machine.
      extra: { session: { intra_op: { allow_spinning: '0' }, ...configuration } },
      ...more,
    })
  } catch (cause) {
    const problem = (await memoryProblem(provider, cause)) ?? providerProblem(provider, cause)
    if (problem) throw problem
    const reason = `the ONNX file cannot be loaded${inItsWords(cause, modelPath)}`
    throw new DomainError('model_invalid', { name: manifest.id, reason, cause })
  }
}

function checkInterface(session: OrtSession, { manifest }: SessionRequest): void {
  const refuse = (reason: string): never => {
    throw new DomainError('model_invalid', { name: manifest.id, reason })
  }
  const isOnly = session.inputNames.length === 1 && session.inputNames[0] === manifest.input.name
  const listed = (names: readonly string[]) => shownText(names.slice(0, MOST_NAMES).join(', '))
  if (!isOnly)
    refuse(`its inputs are ${listed(session.inputNames)}, model.json names ${shownText(manifest.input.name)}`)
  if (!session.outputNames.includes(manifest.output.name))
    refuse(`its outputs are ${listed(session.outputNames)}, model.json names ${shownText(manifest.output.name)}`)
}

/** What the library says of a file, as the end of a sentence: without its own place in the code and the file's on the disk. */
function inItsWords(cause: unknown, modelPath = ''): string {
  const text = String((cause as Error).message ?? '').slice(0, MOST_WORDS)
  const words = (modelPath === '' ? text : text.replaceAll(modelPath, path.basename(modelPath)))
    .replaceAll(CODE_PLACE, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/[\s.:]+$/, '')
    .trim()
  return words === '' ? '' : ` (${shownText(words)})`
}

/** Runs one tile of zeros and reads from the profile where each step ran. @returns a warning, or null */
async function findPlacement(
  ort: OrtLibrary,
  session: OrtSession,
  request: SessionRequest,
  profileFolder: string,
): Promise<string | null> {
  const shape = trialShape(session, request)
  const numValues = shape.reduce((product, size) => product * size, 1)
  const { input } = request.manifest
  try {
    await session.run({ [input.name]: inputTensor(ort, input.dtype, new Float32Array(numValues), shape) })
  } catch (cause) {
    throw await runProblem(cause, request)
  }
  session.endProfiling()
  const [file] = await readdir(profileFolder)
  return judgePlacement(nodesOnCpu(await readFile(path.join(profileFolder, file), 'utf8')), request.provider)
}

/** [N, C, D, H, W] of a small tile: sizes that the network leaves open are kept small, fixed ones are kept. */
function trialShape(session: OrtSession, { manifest }: SessionRequest): number[] {
  const { patch_zyx: patch, divisible_by_zyx: divisor } = manifest.tiles
  const small = patch.map((size, axis) => Math.min(size, TRIAL_DIVISORS * divisor[axis]))
  const fixed = fixedSizes(session)
  return [1, manifest.input.channels, ...small].map((size, axis) => fixed[axis] ?? size)
}

/** Sizes of the network's input, N, C, D, H, W; null where it takes any. */
function fixedSizes({ inputMetadata }: OrtSession): readonly (number | null)[] {
  const input = inputMetadata[0]
  const shape = input?.isTensor ? input.shape : []
  return [0, 1, 2, 3, 4].map((axis) => {
    const size = shape[axis]
    return typeof size === 'number' && size > 0 ? size : null
  })
}

/** Values in the type that the network takes. */
function inputTensor(
  { Tensor }: OrtLibrary,
  dtype: SessionRequest['manifest']['input']['dtype'],
  values: Float32Array,
  shape: readonly number[],
) {
  return dtype === 'float16' ? new Tensor('float16', toHalf(values), shape) : new Tensor('float32', values, shape)
}

/** What a failed run means to the user. */
async function runProblem(cause: unknown, { provider, manifest }: SessionRequest): Promise<DomainError> {
  const text = String((cause as Error).message)
  const problem = (await memoryProblem(provider, cause)) ?? providerProblem(provider, cause)
  if (problem) return problem
  const [, operator, node, words] = STEP_REFUSED.exec(text) ?? []
  if (provider !== 'cpu' && operator) {
    const reason = `it does not do ${operator} ${node} of the network ("${words.trim().replace(/\.$/, '')}")`
    return new DomainError('provider_unavailable', { provider, reason, hint: 'Choose another device.', cause })
  }
  const tile = manifest.tiles.patch_zyx.join(' × ')
  const reason = `it does not run on a tile of ${manifest.input.channels} × ${tile} voxels${inItsWords(cause)}`
  return new DomainError('model_invalid', { name: manifest.id, reason, cause })
}

class OnnxSession implements NetworkSession {
  readonly warnings: readonly string[]
  readonly tilesPerRun?: number
  readonly hasFixedSizes: boolean
  private readonly ort: OrtLibrary
  private readonly session: OrtSession
  private readonly request: SessionRequest

  constructor(ort: OrtLibrary, session: OrtSession, request: SessionRequest, warnings: readonly string[]) {
    this.ort = ort
    this.session = session
    this.request = request
    this.warnings = warnings
    const [batch, , ...sizes] = fixedSizes(session)
    if (batch !== null) this.tilesPerRun = batch
    this.hasFixedSizes = sizes.some((size) => size !== null)
  }

  async run(input: Float32Array, shape: readonly number[]): Promise<Float32Array> {
    const { manifest } = this.request
    const feeds = { [manifest.input.name]: inputTensor(this.ort, manifest.input.dtype, input, shape) }
    const output = (
      await this.session.run(feeds, [manifest.output.name]).catch(async (cause) => {
        throw await runProblem(cause, this.request)
      })
    )[manifest.output.name]
    const expected = [shape[0], manifest.output.channels, ...shape.slice(2)]
    const { dtype } = manifest.output
    if (output.type !== dtype || output.dims.join() !== expected.join()) {
      const reason = `its output is ${output.type} ${output.dims.join(' × ')}, expected ${dtype} ${expected.join(' × ')}`
      throw new DomainError('model_invalid', { name: manifest.id, reason })
    }
    return dtype === 'float16' ? fromHalf(output.data as Uint16Array) : (output.data as Float32Array)
  }

  async release(): Promise<void> {
    await this.session.release()
  }
}
