import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { GpuFacts } from '../devices/gpu-inventory.ts'
import { withCardLoad } from './watch-gpu.ts'

const card = (index: number, utilisationPercent: number | null): GpuFacts => ({
  ...{ index, uuid: `GPU-${index}a`, name: 'A', memoryTotalBytes: null, memoryUsedBytes: null },
  ...{ utilisationPercent, driverVersion: null, temperatureCelsius: null },
})

const probe = async () => ({ state: 'found' as const, gpus: [card(0, 10), card(1, 60), card(2, null)] })
const load = async (env: NodeJS.ProcessEnv) => (await withCardLoad(() => delay(20), probe, env, 1)).busyPercent

it.each([
  [{}, 10],
  [{ CUDA_VISIBLE_DEVICES: '1' }, 60],
  [{ CUDA_VISIBLE_DEVICES: '1,0' }, 60],
  [{ CUDA_VISIBLE_DEVICES: 'GPU-1' }, 60],
  [{ CUDA_VISIBLE_DEVICES: '2' }, null],
])('is of the card that the process uses: %j', async (env, percent) => {
  expect(await load(env)).toBe(percent)
})

it('is of the time of the work alone, whose result it gives', async () => {
  let busy = 80
  const changing = async () => ({ state: 'found' as const, gpus: [card(0, busy)] })
  const work = async () => {
    await delay(20)
    busy = 0
    return 'done'
  }
  const { result, busyPercent } = await withCardLoad(work, changing, {}, 1)
  await delay(10)
  expect([result, busyPercent]).toEqual(['done', 80])
})

it('ends with the work that fails', async () => {
  let numAsked = 0
  const counting = async () => {
    numAsked++
    return probe()
  }
  await expect(withCardLoad(() => Promise.reject(new Error('no')), counting, {}, 1)).rejects.toThrow('no')
  const before = numAsked
  await delay(10)
  expect(numAsked).toBe(before)
})
