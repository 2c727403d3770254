import type { DeviceSlot } from '../devices/device-slots.ts'
import { type Finding, failed, ok, warning } from './finding.ts'
import type { ReferenceVerdict } from './try-provider.ts'

/** Another CPU rounds differently in the last bits only. */
const CPU_TOLERANCE = 1e-3

/** TF32 rounds the factors of a convolution to 10 bits; outputs here reach 10. An estimate, not measured yet. */
const DEVICE_TOLERANCE = 0.1

/** What trying a slot's provider means. @param isWanted whether the settings ask for it */
export function judgeProvider(slot: DeviceSlot, verdict: ReferenceVerdict, isWanted: boolean): Finding {
  const name = slot.provider === 'cpu' ? 'CPU' : `Run on ${slot.deviceId}`
  if (!verdict.ok) return (isWanted ? failed : warning)(name, verdict.error.message, verdict.error.hint)
  const tolerance = slot.provider === 'cpu' ? CPU_TOLERANCE : DEVICE_TOLERANCE
  const facts =
    `the bundled model gives the expected outputs to ${verdict.difference.toExponential(1)}, ` +
    `${verdict.tileMs.toFixed(0)} ms a small tile after ${(verdict.startMs / 1000).toFixed(1)} s to start`
  if (!(verdict.difference <= tolerance)) {
    const message = `the bundled model's outputs differ by ${verdict.difference} from the expected ones, more than ${tolerance}`
    return failed(name, message, 'Do not use this device; install the program, its libraries and the driver again.')
  }
  if (verdict.warnings.length > 0)
    return warning(name, `${facts}; ${verdict.warnings.join(' ')}`, 'Expect it to be slow.')
  return ok(name, facts)
}
