import { describe, expect, it } from 'vitest'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ReferenceVerdict } from '../doctor/try-provider.ts'
import { autoDevices } from './auto-devices.ts'
import type { GpuFacts, GpuInventory } from './gpu-inventory.ts'

const WORKS: ReferenceVerdict = { ok: true, difference: 0, startMs: 1, tileMs: 1, warnings: [] }
const two: GpuInventory = { state: 'found', gpus: [{ index: 0 }, { index: 2 }] as GpuFacts[] }

async function decide(env: NodeJS.ProcessEnv, inventory: GpuInventory, verdict: ReferenceVerdict = WORKS) {
  const tried: Record<string, string>[] = []
  const decision = await autoDevices(
    env,
    async () => inventory,
    async (one) => {
      tried.push(one)
      return verdict
    },
  )
  return { decision, tried }
}

describe('CRYOMAMBA_DEVICES=auto', () => {
  const auto = { CRYOMAMBA_DEVICES: 'auto' }

  it('is decided only where it is asked for', async () => {
    for (const env of [{}, { CRYOMAMBA_DEVICES: 'cpu' }, { CRYOMAMBA_DEVICES: 'cuda:0' }])
      expect(await decide(env, two)).toEqual({ decision: null, tried: [] })
  })

  it('takes every card where CUDA works on the first', async () => {
    const { decision, tried } = await decide(auto, two)
    expect(decision).toMatchObject({ devices: 'cuda:0,cuda:2', isFallback: false })
    expect(tried).toEqual([{ CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: '0' }])
  })

  it('counts among the cards that it was given', async () => {
    const { decision, tried } = await decide({ ...auto, CUDA_VISIBLE_DEVICES: '2' }, two)
    expect(decision?.devices).toBe('cuda:0')
    expect(tried).toMatchObject([{ CUDA_VISIBLE_DEVICES: '2' }])
  })

  it.each<[GpuInventory, ReferenceVerdict, RegExp]>([
    [{ state: 'absent' }, WORKS, /no NVIDIA GPU/],
    [{ state: 'found', gpus: [] }, WORKS, /no NVIDIA GPU/],
    [{ state: 'failed', reason: 'driver mismatch' }, WORKS, /driver mismatch/],
    [
      two,
      {
        ok: false,
        error: new DomainError('provider_unavailable', {
          provider: 'cuda',
          reason: 'libcublas.so.12 is not found',
        }).toEnvelope(),
      },
      /because The provider cuda cannot be used: libcublas/,
    ],
  ])('takes the CPU otherwise and says why', async (inventory, verdict, why) => {
    const { decision } = await decide(auto, inventory, verdict)
    expect(decision).toMatchObject({ devices: 'cpu', isFallback: true })
    expect(decision?.notice).toMatch(why)
  })
})
