import { readFileSync } from 'node:fs'
import path from 'node:path'

/** Root of the installed package: the folder with package.json, seen from the compiled file `dist/server/`. */
export const PACKAGE_ROOT = path.resolve(import.meta.dirname, '../..')

/** Version of the installed package. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(path.join(PACKAGE_ROOT, 'package.json'), 'utf8')).version
}

/** Model packages that come with the program. */
export const BUNDLED_MODELS = path.join(PACKAGE_ROOT, 'resources/models')

/** The bundled model that runs where none is named. */
export const DEFAULT_MODEL = 'demo-cryoet-unet'

export const BUNDLED_MODEL_IDS: readonly string[] = [DEFAULT_MODEL, 'demo-cryoet-unet-coarse']

/** The compiled worker program. */
export const WORKER_ENTRY = path.join(import.meta.dirname, 'inference/worker.js')

/** The operators' page: mark-up, icon and compiled scripts. */
export const PAGE_FOLDERS = {
  resources: path.join(PACKAGE_ROOT, 'resources/operator'),
  icons: path.join(PACKAGE_ROOT, 'resources/icons'),
  scripts: path.join(PACKAGE_ROOT, 'dist/server/page'),
}
