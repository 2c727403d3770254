import type { ReferenceVerdict } from '../doctor/try-provider.ts'
import { visibleCards } from './device-slots.ts'
import type { GpuProbe } from './gpu-inventory.ts'

/** What `CRYOMAMBA_DEVICES=auto` was decided to mean, and the sentence that says why. */
export interface AutoDevices {
  devices: string
  notice: string
  /** Cards were hoped for, and the CPU has to do. */
  isFallback: boolean
}

/**
 * One CUDA slot per card where CUDA works, tried on the first card; else the CPU, and why.
 * @returns null unless the setting is `auto`
 */
export async function autoDevices(
  env: NodeJS.ProcessEnv,
  probe: GpuProbe,
  tryCuda: (env: Record<string, string>) => Promise<ReferenceVerdict>,
): Promise<AutoDevices | null> {
  if (env.CRYOMAMBA_DEVICES?.trim() !== 'auto') return null
  const inventory = await probe()
  if (inventory.state === 'failed') return onCpu(`the NVIDIA driver does not answer (${inventory.reason})`)
  if (inventory.state === 'absent' || inventory.gpus.length === 0) return onCpu('no NVIDIA GPU was found')
  const cards = visibleCards(env) ?? inventory.gpus.map((gpu) => String(gpu.index))
  const verdict = await tryCuda({ CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: cards[0] })
  if (!verdict.ok) return onCpu(verdict.error.message.replace(/\.$/, ''))
  // Among cards that were given to this process `cuda:N` counts from 0, otherwise as the driver counts.
  const numbers = visibleCards(env) ? cards.map((_, index) => String(index)) : cards
  const devices = numbers.map((number) => `cuda:${number}`).join(',')
  return { devices, notice: `CRYOMAMBA_DEVICES=auto: ${devices}`, isFallback: false }
}

function onCpu(why: string): AutoDevices {
  return {
    devices: 'cpu',
    notice: `CRYOMAMBA_DEVICES=auto: jobs run on the CPU until the next start, because ${why}.`,
    isFallback: true,
  }
}
