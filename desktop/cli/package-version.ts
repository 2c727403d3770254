import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Version of the installed package. */
export function packageVersion(): string {
  const folder = nearestPackage()
  return folder === null
    ? 'unknown'
    : String(JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')).version)
}

/** Folder of the installed package; its files are read by path. */
export function packageFolder(): string {
  const folder = nearestPackage()
  if (folder === null) throw new Error(`no package.json above ${import.meta.dirname}`)
  return folder
}

/** The nearest folder above this file with a `package.json`. */
function nearestPackage(): string | null {
  for (let folder = import.meta.dirname; folder !== path.dirname(folder); folder = path.dirname(folder))
    if (existsSync(path.join(folder, 'package.json'))) return folder
  return null
}
