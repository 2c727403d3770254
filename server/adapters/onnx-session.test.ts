import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { pointwiseNetwork } from '../bench/onnx-file.ts'
import { thresholdManifest } from '../test/threshold-model.ts'
import { createOnnxSession, createSessionWith, type OrtLibrary } from './onnx-session.ts'

const FOLDER = path.resolve(import.meta.dirname, '../../resources/models/demo-cryoet-unet')
const STAYS =
  'This session contains graph nodes that are assigned to the default CPU EP, but fallback to CPU EP has been'

let manifest: ModelManifest
let ort: OrtLibrary
beforeAll(async () => {
  manifest = JSON.parse(await readFile(path.join(FOLDER, 'model.json'), 'utf8'))
  process.env.ORT_DISABLE_TELEMETRY = '1'
  ort = await import('onnxruntime-node')
})

const request = (provider: string) => ({ modelPath: path.join(FOLDER, 'model.onnx'), manifest, provider, threads: 1 })

/** The real library under another name: what a device would leave to the CPU is everything, or `operators` only. */
function pretendDevice(operators: RegExp | null) {
  const asked: Record<string, unknown>[] = []
  const create = async (file: unknown, options: Record<string, unknown>) => {
    asked.push(options)
    const { session } = (options as { extra: { session: Record<string, string> } }).extra
    if (session.disable_cpu_ep_fallback === '1') throw new Error(`${STAYS} explicitly disabled by the user.`)
    const real = await ort.InferenceSession.create(file as string, { ...options, executionProviders: ['cpu'] })
    if (operators) hideOthers(real, operators, String(options.profileFilePrefix))
    return real
  }
  const library = { ...ort, Tensor: ort.Tensor, InferenceSession: { create } } as unknown as OrtLibrary
  return { library, asked }
}

/** Rewrites the profile as a device would have it that leaves only some operators to the CPU. */
function hideOthers(session: { endProfiling(): void }, operators: RegExp, prefix: string) {
  const end = session.endProfiling.bind(session)
  session.endProfiling = () => {
    end()
    const file = path.join(path.dirname(prefix), readdirSync(path.dirname(prefix))[0])
    const events: { args?: Record<string, string> }[] = JSON.parse(readFileSync(file, 'utf8'))
    for (const { args } of events)
      if (args?.provider && !operators.test(args.op_name)) args.provider = 'CUDAExecutionProvider'
    writeFileSync(file, JSON.stringify(events))
  }
}

const leftBehind = async () => (await readdir(os.tmpdir())).filter((name) => name.startsWith('cryomamba-profile-'))

describe('a network on another provider than the CPU', () => {
  it('is asked for with that provider alone, first without a way back to the CPU', async () => {
    const { library, asked } = pretendDevice(/Concat/)
    const session = await createSessionWith(library, request('cuda'))
    await session.release()
    expect(asked.map((options) => options.executionProviders)).toEqual([['cuda'], ['cuda']])
    expect(asked[0].extra).toMatchObject({ session: { disable_cpu_ep_fallback: '1' } })
    expect(asked[1].extra).not.toMatchObject({ session: { disable_cpu_ep_fallback: '1' } })
  })

  it('is refused when its convolutions stay on the CPU, which are named', async () => {
    const before = await leftBehind()
    const { library } = pretendDevice(null)
    await expect(createSessionWith(library, request('cuda'))).rejects.toMatchObject({
      code: 'provider_unavailable',
      message: expect.stringMatching(
        /leaves convolutions of the network to the CPU: Conv \/enc\.0\/.*, Conv .* and \d+ more\.$/,
      ),
    })
    expect(await leftBehind()).toEqual(before)
  })

  it('runs with a warning when only small steps stay there', async () => {
    const before = await leftBehind()
    const { library } = pretendDevice(/Concat/)
    const session = await createSessionWith(library, request('cuda'))
    expect(session.warnings).toEqual([
      expect.stringMatching(/^Steps of the network run on the CPU instead of cuda: Concat \/Concat/),
    ])
    const output = await session.run(new Float32Array(16 ** 3), [1, 1, 16, 16, 16])
    expect(output.length).toBe(4 * 16 ** 3)
    await session.release()
    expect(await leftBehind()).toEqual(before)
  })

  it('is tried with half floats where those are what the network takes', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-half-'))
    const modelPath = path.join(folder, 'half.onnx')
    await writeFile(modelPath, pointwiseNetwork([1, -2], [0, 8], 'float16'))
    const base = thresholdManifest()
    const half = {
      ...base,
      input: { ...base.input, dtype: 'float16' as const },
      output: { ...base.output, dtype: 'float16' as const },
    }
    const { library } = pretendDevice(/Cast/)
    const session = await createSessionWith(library, { modelPath, manifest: half, provider: 'cuda', threads: 1 })
    expect([...(await session.run(Float32Array.of(3), [1, 1, 1, 1, 1]))]).toEqual([3, 2])
    await session.release()
    await rm(folder, { recursive: true })
  })

  it('is refused when the provider takes a step and then cannot do it', async () => {
    const text =
      "Non-zero status code returned while running ConvTranspose node. Name:'/up.0/ConvTranspose_token_33' " +
      'Status Message: Only Conv2d or Conv1d are supported.'
    const create = async () => ({ ...SESSION, run: () => Promise.reject(new Error(text)) })
    const session = await createSessionWith({ ...ort, InferenceSession: { create } } as never, request('webgpu'))
    await expect(session.run(new Float32Array(512), [1, 1, 8, 8, 8])).rejects.toMatchObject({
      code: 'provider_unavailable',
      message:
        'The provider webgpu cannot be used: it does not do ConvTranspose /up.0/ConvTranspose_token_33 ' +
        'of the network ("Only Conv2d or Conv1d are supported").',
    })
  })
})

const CUDA_FULL =
  'CUDA failure 2: out of memory ; GPU=0 ; hostname=lab ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/' +
  'cuda_allocator.cc ; line=48 ; expr=cudaMalloc((void**)&p, size);'
const SESSION = { inputNames: ['input'], outputNames: ['logits'], inputMetadata: [], release: async () => undefined }

describe('a network that is loaded', () => {
  it('is loaded once, without a warning', async () => {
    const session = await createOnnxSession(request('cpu'))
    expect(session.warnings).toEqual([])
    await session.release()
  })

  it.each([
    ['cpu', 'Exception during initialization: std::bad_alloc', "computer's memory"],
    [
      'cuda',
      'Exception during initialization: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:376 void* ' +
        'onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*, bool, ' +
        'onnxruntime::WaitNotificationFn) Failed to allocate memory for requested buffer of size 134217728',
      'asked for 134217728 bytes of the memory of the device (cuda)',
    ],
    ['cuda', CUDA_FULL, 'asked for more of the memory of the device (cuda) than there is'],
  ])('for which there is no memory while it is loaded says so: %s, %s', async (provider, text, words) => {
    const create = () => Promise.reject(new Error(text))
    await expect(
      createSessionWith({ ...ort, InferenceSession: { create } } as never, request(provider)),
    ).rejects.toMatchObject({ code: 'out_of_memory', message: expect.stringContaining(words) })
  })

  it('is refused when the file is no network', async () => {
    const broken = { ...request('cpu'), modelPath: path.join(FOLDER, 'model.json') }
    await expect(createOnnxSession(broken)).rejects.toMatchObject({ code: 'model_invalid' })
  })
})

describe('a provider that this computer lacks', () => {
  const providers = process.platform === 'linux' ? ['coreml'] : ['cuda']
  it.each(providers)('%s is refused as not available', async (provider) => {
    await expect(createOnnxSession(request(provider))).rejects.toMatchObject({ code: 'provider_unavailable' })
  })
})
