import { describe, expect, it } from 'vitest'
import { describeDevices, type GpuFacts, type GpuInventory, rememberedFor } from './gpu-inventory.ts'

const card = (index: number, uuid: string): GpuFacts => ({
  index,
  uuid,
  name: `Card ${index}`,
  memoryTotalBytes: 1000 + index,
  memoryUsedBytes: 10,
  utilisationPercent: null,
  driverVersion: '570.1',
  temperatureCelsius: 40,
})
const slot = (visible: string) => ({ deviceId: 'cuda:0', provider: 'cuda', env: { CUDA_VISIBLE_DEVICES: visible } })
const CPU = { deviceId: 'cpu', provider: 'cpu', env: {} }

describe('device slots', () => {
  const gpus = [card(0, 'GPU-aaaa-1'), card(1, 'GPU-bbbb-2')]
  const probe = async (): Promise<GpuInventory> => ({ state: 'found', gpus })

  it('have the name and the memory of the card that their worker sees', async () => {
    expect(await describeDevices([CPU, slot('1')], probe)).toEqual([
      {
        deviceId: 'cpu',
        kind: 'cpu',
        name: 'cpu',
        memoryTotalBytes: null,
        memoryUsedBytes: null,
        utilisationPercent: null,
      },
      {
        deviceId: 'cuda:0',
        kind: 'cuda',
        name: 'Card 1',
        memoryTotalBytes: 1001,
        memoryUsedBytes: 10,
        utilisationPercent: null,
      },
    ])
  })

  it('find their card by the beginning of its UUID too', async () => {
    expect(await describeDevices([slot('GPU-bbbb')], probe)).toMatchObject([{ name: 'Card 1' }])
    for (const unknown of ['MIG-1', '7', 'GPU-']) {
      expect(await describeDevices([slot(unknown)], probe)).toMatchObject([{ name: 'cuda:0', memoryTotalBytes: null }])
    }
  })

  it('keep their own name where the driver does not answer', async () => {
    const silent = async (): Promise<GpuInventory> => ({ state: 'failed', reason: 'no answer' })
    expect(await describeDevices([slot('0')], silent)).toMatchObject([{ name: 'cuda:0', memoryUsedBytes: null }])
  })

  it('do not ask the driver where no slot is a CUDA one', async () => {
    const never = () => Promise.reject(new Error('asked'))
    expect(await describeDevices([CPU], never)).toMatchObject([{ name: 'cpu' }])
  })
})

it('asks again only when the answer is old, and once at a time', async () => {
  let clockMs = 0
  let asked = 0
  let answer: (inventory: GpuInventory) => void = () => undefined
  const probe = rememberedFor(
    2000,
    () => {
      asked++
      return new Promise((resolve) => {
        answer = resolve
      })
    },
    () => clockMs,
  )
  const both = [probe(), probe()]
  clockMs = 9000
  void probe()
  answer({ state: 'absent' })
  expect(await Promise.all(both)).toEqual([{ state: 'absent' }, { state: 'absent' }])
  expect(asked).toBe(1)
  clockMs = 10_999
  void probe()
  expect(asked).toBe(1)
  clockMs = 11_000
  void probe()
  expect(asked).toBe(2)
})
