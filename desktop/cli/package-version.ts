import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Version of the installed package: that of the nearest `package.json` above this file. */
export function packageVersion(): string {
  for (let folder = import.meta.dirname; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json')
    if (existsSync(file)) return String(JSON.parse(readFileSync(file, 'utf8')).version)
  }
  return 'unknown'
}
