import type { DeviceSlot } from './device-slots.ts'

/** One NVIDIA card as its driver sees it. What the driver does not tell is null. */
export interface GpuFacts {
  index: number
  uuid: string | null
  name: string
  memoryTotalBytes: number | null
  memoryUsedBytes: number | null
  utilisationPercent: number | null
  driverVersion: string | null
  temperatureCelsius: number | null
}

/** What asking the driver gave: its cards, no driver at all, or a driver that does not answer. */
export type GpuInventory =
  | { state: 'found'; gpus: GpuFacts[] }
  | { state: 'absent' }
  | { state: 'failed'; reason: string }

/** Asks for the cards of this computer; never throws. */
export type GpuProbe = () => Promise<GpuInventory>

/** A device slot and what is known of the card behind it. */
export interface DeviceFacts {
  deviceId: string
  kind: string
  name: string
  memoryTotalBytes: number | null
  memoryUsedBytes: number | null
  utilisationPercent: number | null
}

/** Device slots with the facts of their cards. The driver is asked only where a slot is a CUDA one. */
export async function describeDevices(slots: readonly DeviceSlot[], probe: GpuProbe): Promise<DeviceFacts[]> {
  const inventory: GpuInventory = slots.some((slot) => slot.provider === 'cuda') ? await probe() : { state: 'absent' }
  return slots.map((slot) => {
    const gpu = inventory.state === 'found' ? cardOf(slot, inventory.gpus) : undefined
    return {
      deviceId: slot.deviceId,
      kind: slot.provider,
      name: gpu?.name ?? slot.deviceId,
      memoryTotalBytes: gpu?.memoryTotalBytes ?? null,
      memoryUsedBytes: gpu?.memoryUsedBytes ?? null,
      utilisationPercent: gpu?.utilisationPercent ?? null,
    }
  })
}

/** CUDA takes a card by its number or by the beginning of its UUID. A part of a card (`MIG-…`) is not found. */
export function cardOf(slot: Pick<DeviceSlot, 'provider' | 'env'>, gpus: readonly GpuFacts[]): GpuFacts | undefined {
  const visible = slot.env.CUDA_VISIBLE_DEVICES
  if (slot.provider !== 'cuda' || !visible) return undefined
  return gpus.find((gpu) => String(gpu.index) === visible || (/^GPU-./.test(visible) && gpu.uuid?.startsWith(visible)))
}

/** Free memory of the card that a worker was given by its environment; null where it was given none or the driver tells nothing. */
export async function freeCardBytes(env: NodeJS.ProcessEnv, probe: GpuProbe): Promise<number | null> {
  const { CUDA_VISIBLE_DEVICES = '' } = env
  const inventory: GpuInventory = CUDA_VISIBLE_DEVICES ? await probe() : { state: 'absent' }
  if (inventory.state !== 'found') return null
  const card = cardOf({ provider: 'cuda', env: { CUDA_VISIBLE_DEVICES } }, inventory.gpus)
  if (!card || card.memoryTotalBytes === null || card.memoryUsedBytes === null) return null
  return Math.max(0, card.memoryTotalBytes - card.memoryUsedBytes)
}

/**
 * The same probe, its answer kept for a while; calls that come while it is under way share it.
 * @param nowMs monotonic clock
 */
export function rememberedFor(ms: number, probe: GpuProbe, nowMs: () => number = () => performance.now()): GpuProbe {
  let last: { untilMs: number; answer: Promise<GpuInventory> } | null = null
  return () => {
    if (last && nowMs() < last.untilMs) return last.answer
    const asked = { untilMs: Number.POSITIVE_INFINITY, answer: probe() }
    last = asked
    void asked.answer.finally(() => {
      asked.untilMs = nowMs() + ms
    })
    return asked.answer
  }
}
