import { describe, expect, it } from 'vitest'
import { deviceSlots } from './device-slots.ts'

const refusal = (names: string[], env = {}) => {
  try {
    deviceSlots(names, env)
  } catch (error) {
    return (error as Error).message
  }
  return null
}

describe('device slots', () => {
  it('are one CPU slot unless told otherwise', () => {
    expect(deviceSlots([], {})).toEqual([{ deviceId: 'cpu', provider: 'cpu', env: {} }])
  })

  it('let the worker of a GPU see its own card only, counted as nvidia-smi counts', () => {
    expect(deviceSlots(['cuda:0', 'cuda:3'], {})).toEqual([
      { deviceId: 'cuda:0', provider: 'cuda', env: { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: '0' } },
      { deviceId: 'cuda:3', provider: 'cuda', env: { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: '3' } },
    ])
  })

  it('count among the cards that the server itself was given', () => {
    const given = { CUDA_VISIBLE_DEVICES: '2, GPU-5d5ba0d6' }
    const seen = deviceSlots(['cuda:0', 'cuda:1'], given).map((slot) => slot.env.CUDA_VISIBLE_DEVICES)
    expect(seen).toEqual(['2', 'GPU-5d5ba0d6'])
    expect(refusal(['cuda:2'], given)).toMatch(/cuda:2 is not among the 2 cards/)
  })

  it('refuse what is no device, and one device twice', () => {
    for (const name of ['gpu', 'cuda', 'cuda:', 'cuda:-1', 'CPU', 'auto']) expect(refusal([name])).toMatch(name)
    expect(refusal(['cpu', 'cpu'])).toMatch(/named twice/)
  })
})
