import { execFile } from 'node:child_process'
import type { GpuFacts, GpuProbe } from '../devices/gpu-inventory.ts'

/** Fields asked for. Only the name can hold a comma, so its place is found from both ends. */
const FIELDS = [
  'index',
  'uuid',
  'name',
  'memory.total',
  'memory.used',
  'utilization.gpu',
  'driver_version',
  'temperature.gpu',
]

/** A driver that is starting takes seconds, one that hangs never answers. */
const TIMEOUT_MS = 10_000

/** A line has about 120 characters. */
const MOST_OUTPUT_BYTES = 256 * 1024

const MIB = 1024 * 1024

/**
 * Asks NVIDIA's driver for its cards through `nvidia-smi`, which comes with it.
 * @param env where `nvidia-smi` is looked for
 */
export function createNvidiaSmi(env: NodeJS.ProcessEnv = process.env, timeoutMs = TIMEOUT_MS): GpuProbe {
  const args = [`--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits']
  const options = {
    env,
    timeout: timeoutMs,
    maxBuffer: MOST_OUTPUT_BYTES,
    killSignal: 'SIGKILL',
    windowsHide: true,
  } as const
  return () =>
    new Promise((resolve) => {
      execFile('nvidia-smi', args, options, (error, stdout) => {
        if (!error) return resolve({ state: 'found', gpus: parseNvidiaSmi(stdout) })
        if (error.code === 'ENOENT') return resolve({ state: 'absent' })
        if (/No devices were found/i.test(stdout)) return resolve({ state: 'found', gpus: [] })
        const reason = error.killed
          ? `nvidia-smi gave no answer in ${timeoutMs / 1000} s`
          : firstLine(stdout, error.code)
        resolve({ state: 'failed', reason })
      })
    })
}

function firstLine(stdout: string, code: unknown): string {
  const line = stdout.split('\n').find((text) => text.trim() !== '')
  return line ? line.trim().slice(0, 300) : `nvidia-smi ended with ${code}`
}

/**
 * Cards from the output of `nvidia-smi --query-gpu=… --format=csv,noheader,nounits`, memory there in MiB.
 * Lines that are no card (warnings, a card that fell off the bus) are passed over; `[N/A]` and the like become null.
 */
export function parseNvidiaSmi(text: string): GpuFacts[] {
  return text.split('\n').flatMap((line) => {
    const cells = line.split(',').map((cell) => cell.trim())
    if (cells.length < FIELDS.length || !/^\d+$/.test(cells[0])) return []
    const [memoryTotal, memoryUsed, utilisation, driver, temperature] = cells.slice(-5)
    return {
      index: Number(cells[0]),
      uuid: textOf(cells[1]),
      name: cells.slice(2, -5).join(', '),
      memoryTotalBytes: numberOf(memoryTotal, MIB),
      memoryUsedBytes: numberOf(memoryUsed, MIB),
      utilisationPercent: numberOf(utilisation),
      driverVersion: textOf(driver),
      temperatureCelsius: numberOf(temperature),
    }
  })
}

/** The driver writes `[N/A]`, `[Not Supported]`, `[Unknown Error]` or `N/A` where it has no value. */
function textOf(cell: string): string | null {
  return cell === '' || cell === 'N/A' || cell.startsWith('[') ? null : cell
}

function numberOf(cell: string, unit = 1): number | null {
  return /^\d+(\.\d+)?$/.test(cell) ? Math.round(Number(cell) * unit) : null
}
