import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** How a program was started. */
export interface CommandLine {
  argv: readonly string[]
  /** The folder that it was started in: relative names count from there. */
  folder: string
  /** Of the app, as this program runs it. */
  appPath: string
  isPackaged: boolean
}

/**
 * The whole path of the file to open from a command line: the last argument that is not a switch, after the program
 * and, where the program is run from its source, after the folder of the app.
 */
export function fileArgument({ argv, folder, appPath, isPackaged }: CommandLine): string | null {
  const appAt = isPackaged ? 0 : argv.findIndex((word, index) => index > 0 && path.resolve(folder, word) === appPath)
  if (appAt < 0) return null
  const file = argv.slice(appAt + 1).findLast((word) => word !== '' && !word.startsWith('-'))
  return file === undefined ? null : wholePath(folder, file)
}

/** Desktops of Linux name files by address. */
function wholePath(folder: string, file: string): string {
  return URL.canParse(file) && new URL(file).protocol === 'file:' ? fileURLToPath(file) : path.resolve(folder, file)
}
