import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { WorkerLauncher } from './worker-launcher.ts'

/**
 * The same launcher; each worker has a temporary folder of its own, which goes with its process, however that ends.
 * @param folder on a disk with room for whole volumes: packed ones are unpacked there
 */
export function withTemporaryFolders(launcher: WorkerLauncher, folder: string): WorkerLauncher {
  return {
    launch: async (env) => {
      const own = await mkdtemp(path.join(folder, 'worker-'))
      const remove = () => rm(own, { recursive: true, force: true }).catch(() => undefined)
      try {
        const worker = await launcher.launch({ ...env, TMPDIR: own, TEMP: own, TMP: own })
        worker.onExit(() => void remove())
        return worker
      } catch (error) {
        await remove()
        throw error
      }
    },
  }
}
