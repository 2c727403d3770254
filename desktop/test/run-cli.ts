import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

export const ROOT = path.resolve(import.meta.dirname, '../..')

/** The compiled command line; `npm test` compiles before it runs these tests. */
export const CLI_ENTRY = path.join(ROOT, 'dist/desktop/cli/main.js')
export const hasCompiledCli = existsSync(CLI_ENTRY)

export interface CliResult {
  code: number | null
  out: string
  err: string
}

/** Runs the command line as a user does, without a terminal. `onStart` gets the process. */
export function runCli(
  args: string[],
  options: { env?: Record<string, string>; onStart?: (child: ChildProcess) => void } = {},
): Promise<CliResult> {
  const child = spawn(process.execPath, [CLI_ENTRY, ...args], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  options.onStart?.(child)
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}
