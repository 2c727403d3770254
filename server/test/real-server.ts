import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { databaseSetting } from './shared-postgres.ts'

const HERE = path.resolve(import.meta.dirname, '../..')
/** This file runs from the sources under Vitest and compiled in the fault run. */
const ROOT = path.basename(HERE) === 'dist' ? path.dirname(HERE) : HERE

/** The compiled server; `npm test` compiles before it runs these tests. */
export const SERVER_ENTRY = path.join(ROOT, 'dist/server/main.js')
export const hasCompiledServer = existsSync(SERVER_ENTRY)

export interface RealServer {
  url: string
  port: number
  token: string
  child: ChildProcess
  /** Ends the process without a chance to tidy up. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Starts the real server program on the loopback. Port 0 takes a free one. */
export async function startRealServer(
  dataFolder: string,
  port = 0,
  env: Record<string, string> = {},
  stderr: number | 'inherit' = 'inherit',
): Promise<RealServer> {
  const child = fork(SERVER_ENTRY, ['--port', String(port), '--data', dataFolder, '--json'], {
    env: {
      ...process.env,
      CRYOMAMBA_LOG_LEVEL: 'fatal',
      CRYOMAMBA_REQUESTS_PER_MINUTE: '0',
      ...(await databaseSetting(dataFolder)),
      ...env,
    },
    stdio: ['ignore', 'pipe', stderr, 'ipc'],
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const line = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (text.includes('\n')) resolve(text)
    })
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
  })
  const { url, token } = JSON.parse(line)
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await gone
  }
  return { url, port: Number(new URL(url).port), token, child, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') }
}

/** Process ids of the children of a process; Linux only. */
export async function childrenOf(pid: number): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    if (Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) === pid) found.push(Number(name))
  }
  return found
}
