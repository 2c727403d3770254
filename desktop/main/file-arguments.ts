import path from 'node:path'

/**
 * The file to open from a command line: the last argument that is not a switch, after the program
 * and, where the program is run from its source, after the folder of the app.
 */
export function fileArgument(argv: readonly string[], appPath: string, isPackaged: boolean): string | null {
  const appAt = isPackaged ? 0 : argv.findIndex((word, index) => index > 0 && path.resolve(word) === appPath)
  if (appAt < 0) return null
  const files = argv.slice(appAt + 1).filter((word) => word !== '' && !word.startsWith('-'))
  return files.at(-1) ?? null
}
