import { setTimeout as delay } from 'node:timers/promises'
import { visibleCards } from '../devices/device-slots.ts'
import { cardOf, type GpuProbe } from '../devices/gpu-inventory.ts'

/** The driver's figure is itself a mean over up to a second. */
const EVERY_MS = 250

/**
 * Does the work, and looks meanwhile how busy the card is that CUDA counts as the first for this process.
 * @param env of the process: the first card of `CUDA_VISIBLE_DEVICES`, or card 0
 * @returns mean load in percent; null where the driver told none
 */
export async function withCardLoad<T>(
  work: () => Promise<T>,
  probe: GpuProbe,
  env: NodeJS.ProcessEnv,
  everyMs = EVERY_MS,
): Promise<{ result: T; busyPercent: number | null }> {
  const card = { provider: 'cuda', env: { CUDA_VISIBLE_DEVICES: visibleCards(env)?.[0] ?? '0' } }
  const seen: number[] = []
  const over = new AbortController()
  const looking = (async () => {
    while (!over.signal.aborted) {
      const found = await probe()
      const busy = found.state === 'found' ? cardOf(card, found.gpus)?.utilisationPercent : null
      // What comes after the work is not of it.
      if (!over.signal.aborted && busy !== null && busy !== undefined) seen.push(busy)
      await delay(everyMs, undefined, { signal: over.signal }).catch(() => undefined)
    }
  })()
  try {
    const result = await work()
    const total = seen.reduce((sum, one) => sum + one, 0)
    return { result, busyPercent: seen.length > 0 ? total / seen.length : null }
  } finally {
    over.abort()
    await looking
  }
}
