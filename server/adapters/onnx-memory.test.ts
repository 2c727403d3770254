import { describe, expect, it } from 'vitest'
import { freeCardBytes, type GpuFacts } from '../devices/gpu-inventory.ts'
import { memoryProblem } from './onnx-memory.ts'

const ARENA =
  "Non-zero status code returned while running Conv node. Name:'/enc.0/Conv' Status Message: /onnxruntime_src/" +
  'onnxruntime/core/framework/bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, ' +
  'onnxruntime::Stream*, bool, onnxruntime::WaitNotificationFn) '
const CUDA = (library: string, words: string) =>
  `Non-zero status code returned while running Conv node. Name:'/enc.0/Conv' Status Message: ${library} failure ` +
  `${words} ; GPU=0 ; hostname=lab ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/nn/conv.cc ; line=483`

const free = async (provider: string) => (provider === 'cpu' ? 1000 : 77)
const said = async (provider: string, text: string, freeBytes = free) =>
  (await memoryProblem(provider, new Error(text), freeBytes))?.message

describe('an error of onnxruntime about memory', () => {
  it.each([
    [
      'cpu',
      `${ARENA}Failed to allocate memory for requested buffer of size 1099511627776`,
      "The network asked for 1099511627776 bytes of the computer's memory; 1000 bytes of it are free.",
    ],
    [
      'cuda',
      `${ARENA}Failed to allocate memory for requested buffer of size 939524096`,
      'The network asked for 939524096 bytes of the memory of the device (cuda); 77 bytes of it are free.',
    ],
    [
      'cuda',
      `${ARENA}Available memory of 512 is smaller than requested bytes of 2048`,
      'The network asked for 2048 bytes of the memory of the device (cuda); 512 bytes of it are free.',
    ],
    [
      'cuda',
      CUDA('CUDA', '2: out of memory'),
      'The network asked for more of the memory of the device (cuda) than there is; 77 bytes of it are free.',
    ],
    [
      'cuda',
      CUDA('CUBLAS', '3: CUBLAS_STATUS_ALLOC_FAILED'),
      'The network asked for more of the memory of the device (cuda) than there is; 77 bytes of it are free.',
    ],
    [
      'cuda',
      CUDA('CUDNN', '4: CUDNN_STATUS_ALLOC_FAILED'),
      'The network asked for more of the memory of the device (cuda) than there is; 77 bytes of it are free.',
    ],
    [
      'cuda',
      'Exception during initialization: std::bad_alloc',
      "The network asked for more of the computer's memory than there is; 1000 bytes of it are free.",
    ],
    [
      'cpu',
      'Exception during initialization: bad allocation',
      "The network asked for more of the computer's memory than there is; 1000 bytes of it are free.",
    ],
  ])('says whose memory, how much was wanted and how much is free: %s, %s', async (provider, text, message) => {
    expect(await said(provider, text)).toBe(message)
    expect(await memoryProblem(provider, new Error(text), free)).toMatchObject({ code: 'out_of_memory' })
  })

  it('leaves out what nobody knows', async () => {
    expect(await said('cuda', CUDA('CUDA', '2: out of memory'), async () => null as never)).toBe(
      'The network asked for more of the memory of the device (cuda) than there is.',
    )
  })

  it.each([
    CUDA('CUDNN', '8: CUDNN_STATUS_EXECUTION_FAILED'),
    CUDA('CUDA', '700: an illegal memory access was encountered'),
    'Load model from X failed:Protobuf parsing failed.',
  ])('is not made of another error: %s', async (text) => {
    expect(await said('cuda', text)).toBeUndefined()
  })
})

describe('the free memory of a card', () => {
  const card = (index: number, used: number | null): GpuFacts => ({
    ...{ index, uuid: `GPU-${index}a`, name: 'A', memoryTotalBytes: 100, memoryUsedBytes: used },
    ...{ utilisationPercent: null, driverVersion: null, temperatureCelsius: null },
  })
  const probe = async () => ({ state: 'found' as const, gpus: [card(0, 10), card(1, 60), card(2, null)] })

  it.each([
    ['1', 40],
    ['GPU-0a', 90],
    ['2', null],
    ['7', null],
    ['', null],
  ])('is that of the card which the worker was given: %s', async (visible, bytes) => {
    expect(await freeCardBytes({ CUDA_VISIBLE_DEVICES: visible }, probe)).toBe(bytes)
  })

  it('is unknown without a driver', async () => {
    expect(await freeCardBytes({ CUDA_VISIBLE_DEVICES: '0' }, async () => ({ state: 'absent' }))).toBeNull()
  })
})
