import { DomainError } from '../../shared/errors/domain-error.ts'

/** One place that runs jobs, one at a time. */
export interface DeviceSlot {
  deviceId: string
  /** onnxruntime's name of the provider. */
  provider: string
  /** Environment of the worker, e.g. which GPU it sees. */
  env: Record<string, string>
}

/** Name of the setting, for messages. */
const SETTING = 'CRYOMAMBA_DEVICES'

/**
 * Slots from names like `cpu`, `cuda:0`, `coreml`, `webgpu`; none means one CPU slot.
 *
 * A GPU's worker sees only its own card, as device 0: `cuda:1` is the second card as `nvidia-smi` counts, or the second
 * of those left to this server where `CUDA_VISIBLE_DEVICES` names some, as a cluster's scheduler does.
 * @throws {DomainError} `setting_invalid`
 */
export function deviceSlots(names: readonly string[], env: NodeJS.ProcessEnv): DeviceSlot[] {
  const slots = (names.length > 0 ? names : ['cpu']).map((deviceId) => {
    const found = /^(cpu|coreml|webgpu|cuda:(\d+))$/.exec(deviceId)
    if (!found) throw refused(`"${deviceId}" is not cpu, cuda:N, coreml or webgpu`)
    return {
      deviceId,
      provider: found[1].split(':')[0],
      env: found[2] === undefined ? {} : cardEnv(Number(found[2]), visibleCards(env)),
    }
  })
  const ids = slots.map((slot) => slot.deviceId)
  if (new Set(ids).size !== ids.length) throw refused('a device is named twice')
  return slots
}

/** Cards that this process was given, by number or UUID; null when it was given all. */
export function visibleCards(env: NodeJS.ProcessEnv): string[] | null {
  const text = env.CUDA_VISIBLE_DEVICES
  if (text === undefined || text.trim() === '') return null
  return text.split(',').map((card) => card.trim())
}

/** CUDA counts the fastest card first unless told otherwise; `nvidia-smi` and people count by place on the bus. */
function cardEnv(index: number, visible: string[] | null): Record<string, string> {
  if (visible && index >= visible.length)
    throw refused(`cuda:${index} is not among the ${visible.length} cards of CUDA_VISIBLE_DEVICES`)
  return { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: visible ? visible[index] : String(index) }
}

function refused(reason: string): DomainError {
  return new DomainError('setting_invalid', { name: SETTING, reason })
}
