import { describe, expect, it } from 'vitest'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { providerProblem, reasonFromStderr, withStderrReason } from './provider-problem.ts'

const FOLDER = '/srv/app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64'
const native = (library: string, loader: string) =>
  `\u001b[1;31m2026-11-21 09:08:30.242 [E:onnxruntime:onnxruntime-node, provider_bridge_ort.cc:2146 Create] ` +
  '/onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:1988 onnxruntime::Provider& ' +
  'onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : ' +
  `Failed to load library ${FOLDER}/${library} with error: ${loader}\n\u001b[m`
const NO_FILE = 'cannot open shared object file: No such file or directory'

describe('the native stderr', () => {
  it('tells that the provider libraries are not installed', () => {
    const shared = 'libonnxruntime_providers_shared.so'
    expect(reasonFromStderr(native(shared, `${FOLDER}/${shared}: ${NO_FILE}`))).toEqual({
      reason: 'libonnxruntime_providers_shared.so is not beside libonnxruntime.so.1',
      hint: expect.stringMatching(/^Copy /),
    })
  })

  it('tells which library of CUDA is missing', () => {
    const text = native('libonnxruntime_providers_cuda.so', `libcublasLt.so.13: ${NO_FILE}`)
    expect(reasonFromStderr(text)).toEqual({
      reason: 'libcublasLt.so.13 is not found, which libonnxruntime_providers_cuda.so needs',
      hint: expect.stringMatching(/LD_LIBRARY_PATH/),
    })
  })

  it("gives the loader's own words for anything else, without folders", () => {
    const loader = `${FOLDER}/libonnxruntime_providers_cuda.so: undefined symbol: cudaFoo, version libcudart.so.13`
    expect(reasonFromStderr(native('libonnxruntime_providers_cuda.so', loader))?.reason).toBe(
      'libonnxruntime_providers_cuda.so cannot be loaded: ' +
        'libonnxruntime_providers_cuda.so: undefined symbol: cudaFoo, version libcudart.so.13',
    )
  })

  it('tells that Vulkan is missing', () => {
    const text = `Warning: Couldn't load Vulkan: libvulkan.so.1: ${NO_FILE}\n    at operator() (BackendVk.cpp:364)`
    expect(reasonFromStderr(text)?.reason).toBe('libvulkan.so.1 is not found')
  })

  it('tells nothing where it holds nothing of the kind', () => {
    expect(reasonFromStderr('')).toBeNull()
    expect(reasonFromStderr('some warning\nanother')).toBeNull()
  })
})

describe('an error of onnxruntime', () => {
  const reasonOf = (text: string, provider = 'cuda') => providerProblem(provider, new Error(text))?.message

  it.each([
    [
      'cuda',
      'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library',
      'The provider cuda cannot be used: its libraries cannot be loaded.',
    ],
    [
      'webgpu',
      '/onnxruntime_src/webgpu_context.cc:100 … was false. Failed to get a WebGPU adapter: No supported adapters',
      'The provider webgpu cannot be used: no graphics adapter was found.',
    ],
    [
      'coreml',
      'no available backend found. ERR: [coreml] backend not found.',
      `The provider coreml cannot be used: onnxruntime has none for ${process.platform}-${process.arch}.`,
    ],
    [
      'cuda',
      'cuda_call.cc:129 std::conditional_t<…> CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=-1 ; hostname=lab ; expr=cudaSetDevice(0);',
      'The provider cuda cannot be used: the driver says "CUDA driver version is insufficient for CUDA runtime version".',
    ],
  ])('of %s becomes provider_unavailable', (provider, text, message) => {
    expect(reasonOf(text, provider)).toBe(message)
  })

  it('about the model, or on the CPU, is none of the provider', () => {
    expect(reasonOf('Load model from a.onnx failed:Protobuf parsing failed.')).toBeUndefined()
    expect(reasonOf('Failed to load shared library', 'cpu')).toBeUndefined()
  })
})

describe('the reason of stderr', () => {
  const stderr = native('libonnxruntime_providers_cuda.so', `libcublasLt.so.13: ${NO_FILE}`)
  const envelope = (code: 'provider_unavailable' | 'model_invalid', reason: string) =>
    new DomainError(code, { provider: 'cuda', name: 'net', reason }).toEnvelope()

  it('takes the place of the words that say nothing', () => {
    const told = withStderrReason(envelope('provider_unavailable', 'its libraries cannot be loaded'), stderr)
    expect(told.message).toBe(
      'The provider cuda cannot be used: libcublasLt.so.13 is not found, which libonnxruntime_providers_cuda.so needs.',
    )
    expect(told.hint).toMatch(/cryomamba doctor/)
  })

  it('leaves every other error as it is', () => {
    for (const error of [
      envelope('provider_unavailable', 'the driver says "no device"'),
      envelope('model_invalid', 'its libraries cannot be loaded'),
    ])
      expect(withStderrReason(error, stderr)).toEqual(error)
    const unsaid = envelope('provider_unavailable', 'its libraries cannot be loaded')
    expect(withStderrReason(unsaid, '')).toEqual(unsaid)
  })
})
