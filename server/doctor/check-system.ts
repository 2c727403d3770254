import { constants } from 'node:fs'
import { access, mkdtemp, rmdir, statfs } from 'node:fs/promises'
import path from 'node:path'
import type { GpuInventory } from '../devices/gpu-inventory.ts'
import { type Finding, failed, ok, warning } from './finding.ts'

const GB = 1e9

/** One large tomogram with its mask and its probability maps. */
const COMFORTABLE_BYTES = 50 * GB

/** Less than this and not even the bundled sample is sure to fit. */
const LEAST_BYTES = 1 * GB

/** @param version as `process.versions.node` @param range as `engines.node` in package.json, `>=A.B` */
export function checkNode(version: string, range: string): Finding {
  const [wantedMajor, wantedMinor] = (/^>=(\d+)\.(\d+)/.exec(range) ?? ['', '0', '0']).slice(1).map(Number)
  const [major, minor] = version.split('.').map(Number)
  const isEnough = major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
  if (isEnough) return ok('Node', version)
  return failed('Node', `${version}; ${range} is needed`, `Install Node ${wantedMajor}.${wantedMinor} or newer.`)
}

/** Is the folder, or the nearest one above it that exists, writable, and how much fits? Leaves nothing behind. */
export async function checkDataFolder(folder: string): Promise<Finding> {
  const name = 'Data folder'
  const existing = await nearestExisting(folder)
  try {
    await rmdir(await mkdtemp(path.join(existing, '.cryomamba-doctor-')))
    const { bavail, bsize } = await statfs(existing)
    return judgeFreeBytes(folder, bavail * bsize)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    return failed(
      name,
      `${folder} cannot be written (${reason})`,
      'Give the user who runs the server this folder, or set CRYOMAMBA_DATA.',
    )
  }
}

/** Enough space for tomograms and results? */
export function judgeFreeBytes(folder: string, freeBytes: number): Finding {
  const message = `${folder}, ${(freeBytes / GB).toFixed(1)} GB free`
  const hint = 'Free space, or choose another disk with CRYOMAMBA_DATA.'
  if (freeBytes < LEAST_BYTES) return failed('Data folder', message, hint)
  return freeBytes < COMFORTABLE_BYTES ? warning('Data folder', message, hint) : ok('Data folder', message)
}

async function nearestExisting(folder: string): Promise<string> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const isThere = await access(at, constants.F_OK).then(
      () => true,
      () => false,
    )
    if (isThere || at === path.dirname(at)) return at
  }
}

/** The cards and the driver, one finding per card. @param isWanted whether the settings ask for CUDA */
export function checkGpus(inventory: GpuInventory, isWanted: boolean): Finding[] {
  const name = 'NVIDIA GPU'
  const bad = isWanted ? failed : warning
  if (inventory.state === 'failed')
    return [bad(name, inventory.reason, 'Install or repair the driver; `nvidia-smi` must list the cards.')]
  if (inventory.state === 'absent' || inventory.gpus.length === 0) {
    const found = inventory.state === 'absent' ? 'no nvidia-smi on the PATH' : 'the driver knows no card'
    return [
      isWanted
        ? failed(name, found, "Install NVIDIA's driver, or take cuda out of CRYOMAMBA_DEVICES.")
        : ok(name, `none (${found})`),
    ]
  }
  return inventory.gpus.map((gpu) => {
    const gb = (bytes: number | null) => (bytes === null ? '?' : (bytes / GB).toFixed(1))
    const facts = [
      `cuda:${gpu.index} ${gpu.name}`,
      `${gb(gpu.memoryUsedBytes)} of ${gb(gpu.memoryTotalBytes)} GB used`,
      ...(gpu.utilisationPercent === null ? [] : [`${gpu.utilisationPercent} % busy`]),
      ...(gpu.temperatureCelsius === null ? [] : [`${gpu.temperatureCelsius} °C`]),
      `driver ${gpu.driverVersion ?? '?'}`,
    ]
    return ok(name, facts.join(', '))
  })
}
