import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from './desktop-app.ts'

export interface ServerProcess {
  url: string
  token: string
  data: string
  stop(): Promise<void>
  /** Ends it; its data stay for another start. */
  stopAndKeep(): Promise<void>
}

export interface ServerWishes {
  env?: Record<string, string>
  /** Of a server that was stopped before; else a new one. */
  data?: string
  /** Zero: a free one. */
  port?: number
}

/** A real server with a data folder of its own. */
export async function startServer({ env = {}, data: before, port = 0 }: ServerWishes = {}): Promise<ServerProcess> {
  const data = before ?? mkdtempSync(path.join(os.tmpdir(), 'cryomamba-server-'))
  const entry = path.join(ROOT, 'dist/desktop/cli/main.js')
  const child = spawn(process.execPath, [entry, 'serve', '--port', String(port), '--data', data, '--json'], {
    // A test does in seconds what people do in minutes.
    env: { ...process.env, CRYOMAMBA_REQUESTS_PER_MINUTE: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`the server ended with code ${code}`)))
  })
  const { url, token } = JSON.parse(line)
  const stopAndKeep = async () => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
    child.kill('SIGTERM')
    await exited
    clearTimeout(timer)
  }
  return {
    url,
    token,
    data,
    stopAndKeep,
    stop: async () => {
      await stopAndKeep()
      rmSync(data, { recursive: true, force: true })
    },
  }
}
