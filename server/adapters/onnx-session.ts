import { DomainError } from '../../shared/errors/domain-error.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import type { NetworkSession, SessionFactory, SessionRequest } from '../inference/network-session.ts'
import { fromHalf, toHalf } from './half-float.ts'

type Ort = typeof import('onnxruntime-node')
type OrtSession = Awaited<ReturnType<Ort['InferenceSession']['create']>>

/** Text of onnxruntime's arena when an allocation fails, on the CPU and on CUDA. */
const OUT_OF_MEMORY = /Failed to allocate memory for requested buffer of size (\d+)/

/**
 * Loads a network with onnxruntime. The library is loaded on first use, because it has no build for Intel Macs.
 * Only the requested provider is listed, so that creation fails instead of falling back.
 * `run` blocks the calling thread: use it in a process of its own.
 */
export const createOnnxSession: SessionFactory = async (request) => {
  // From 1.29 on the library reports its use to its maker unless this is set before it is loaded. Nothing leaves the lab.
  process.env.ORT_DISABLE_TELEMETRY = '1'
  const ort = await import('onnxruntime-node')
  const session = await open(ort, request)
  checkInterface(session, request)
  return new OnnxSession(ort, session, request)
}

async function open(ort: Ort, { modelPath, provider, threads, manifest }: SessionRequest): Promise<OrtSession> {
  try {
    return await ort.InferenceSession.create(modelPath, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // Spinning threads would take the cores from the neighbours on a shared machine.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    })
  } catch (cause) {
    const text = String((cause as Error).message)
    if (/SessionOptionsAppend|Failed to load shared library|adapter/.test(text)) {
      throw new DomainError('provider_unavailable', { provider, reason: 'its libraries cannot be loaded', cause })
    }
    throw new DomainError('model_invalid', { name: manifest.id, reason: 'the ONNX file cannot be loaded', cause })
  }
}

function checkInterface(session: OrtSession, { manifest }: SessionRequest): void {
  const refuse = (reason: string): never => {
    throw new DomainError('model_invalid', { name: manifest.id, reason })
  }
  const isOnly = session.inputNames.length === 1 && session.inputNames[0] === manifest.input.name
  if (!isOnly) refuse(`its inputs are ${session.inputNames.join(', ')}, model.json names ${manifest.input.name}`)
  if (!session.outputNames.includes(manifest.output.name)) {
    refuse(`its outputs are ${session.outputNames.join(', ')}, model.json names ${manifest.output.name}`)
  }
}

class OnnxSession implements NetworkSession {
  private readonly ort: Ort
  private readonly session: OrtSession
  private readonly request: SessionRequest

  constructor(ort: Ort, session: OrtSession, request: SessionRequest) {
    this.ort = ort
    this.session = session
    this.request = request
  }

  async run(input: Float32Array, shape: readonly number[]): Promise<Float32Array> {
    const { manifest } = this.request
    const feeds = { [manifest.input.name]: this.tensor(input, shape) }
    const output = (await this.session.run(feeds, [manifest.output.name]).catch((cause) => this.explain(cause)))[
      manifest.output.name
    ]
    const expected = [shape[0], manifest.output.channels, ...shape.slice(2)]
    const { dtype } = manifest.output
    if (output.type !== dtype || output.dims.join() !== expected.join()) {
      const reason = `its output is ${output.type} ${output.dims.join(' × ')}, expected ${dtype} ${expected.join(' × ')}`
      throw new DomainError('model_invalid', { name: manifest.id, reason })
    }
    return dtype === 'float16' ? fromHalf(output.data as Uint16Array) : (output.data as Float32Array)
  }

  private tensor(input: Float32Array, shape: readonly number[]) {
    const isHalf = this.request.manifest.input.dtype === 'float16'
    return isHalf ? new this.ort.Tensor('float16', toHalf(input), shape) : new this.ort.Tensor('float32', input, shape)
  }

  private explain(cause: unknown): never {
    const text = String((cause as Error).message)
    const bytes = OUT_OF_MEMORY.exec(text)?.[1]
    if (bytes) throw new DomainError('out_of_memory', { neededBytes: Number(bytes), cause })
    const reason = `it does not run on a tile of ${numVoxels(this.request.manifest.tiles.patch_zyx as Zyx)} voxels`
    throw new DomainError('model_invalid', { name: this.request.manifest.id, reason, cause })
  }

  async release(): Promise<void> {
    await this.session.release()
  }
}
