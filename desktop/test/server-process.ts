import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from './desktop-app.ts'

export interface ServerProcess {
  url: string
  token: string
  stop(): Promise<void>
}

/** A real server on a free port with a data folder of its own. */
export async function startServer(): Promise<ServerProcess> {
  const data = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-server-'))
  const entry = path.join(ROOT, 'dist/desktop/cli/main.js')
  const child = spawn(process.execPath, [entry, 'serve', '--port', '0', '--data', data, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`the server ended with code ${code}`)))
  })
  const { url, token } = JSON.parse(line)
  return {
    url,
    token,
    stop: async () => {
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
      child.kill('SIGTERM')
      await exited
      clearTimeout(timer)
      rmSync(data, { recursive: true, force: true })
    },
  }
}
