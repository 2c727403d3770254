import { type ChildProcess, fork } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'
import type { ServerAddress } from '../../shared/client/api.ts'
import { DomainError, errorFromEnvelope, type ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import { takePrivateFolder } from './private-folder.ts'

/** Compiled entries of the server, started by path and never imported. */
const SERVER_FOLDER = path.resolve(import.meta.dirname, '../../server')

/**
 * Bytes of uploads lie outside the heap and call for a collection every 64 MiB. The heap is small; collected with helping
 * threads it took the server 6.4 CPU seconds to receive 1 GiB, alone 4.4.
 */
const SERVER_FLAGS = ['--single-threaded-gc']

/** A server of our own has this long to start. */
const START_MS = 60_000

/** A server of our own has this long to stop before it is ended. */
const STOP_MS = 10_000

type FromServer = { type: 'ready'; url: string; token: string } | { type: 'failed'; error: ProblemEnvelope }

export interface EmbeddedServer extends ServerAddress {
  /** Stops the server and deletes its private data folder. */
  stop(): Promise<void>
}

/**
 * Starts a private server on a free loopback port with a data folder of its own.
 * @param modelFolders packages, or folders of packages, offered beside the bundled ones
 * @throws {DomainError} what the server says when it cannot start
 */
export async function startEmbeddedServer(
  options: { modelFolders?: string[]; env?: Record<string, string> } = {},
): Promise<EmbeddedServer> {
  const data = await takePrivateFolder(os.tmpdir())
  const models = (options.modelFolders ?? []).flatMap((folder) => ['--models', folder])
  const child = fork(path.join(SERVER_FOLDER, 'embedded.js'), ['--data', data.path, ...models], {
    env: { CRYOMAMBA_LOG_LEVEL: 'fatal', ...process.env, ...options.env },
    stdio: ['ignore', 'ignore', process.env.CRYOMAMBA_DEBUG ? 'inherit' : 'ignore', 'ipc'],
    // A Ctrl-C of the terminal reaches the whole group; the server is stopped by us, after its job.
    detached: process.platform !== 'win32',
  })
  const stop = async () => {
    await stopChild(child)
    await data.release()
  }
  try {
    const { url, token } = await ready(child)
    return { url, token, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function ready(child: ChildProcess): Promise<{ url: string; token: string }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new DomainError('engine_not_available', { reason: 'its server did not start in time' })),
      START_MS,
    )
    child.once('message', (message: FromServer) => {
      clearTimeout(timer)
      if (message.type === 'ready') resolve(message)
      else reject(errorFromEnvelope(message.error))
    })
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new DomainError('engine_not_available', { reason: `its server ended with code ${code}` }))
    })
  })
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  if (child.connected) child.send({ type: 'stop' })
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await gone
  clearTimeout(timer)
}

/** Runs a command of the server (`serve`, `model`) in a process of its own until it ends. @returns its exit code */
export function runServerEntry(
  entry: string,
  args: string[],
  signal: AbortSignal,
  env: Record<string, string> = {},
): Promise<number> {
  const child = fork(path.join(SERVER_FOLDER, entry), args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [...process.execArgv, ...SERVER_FLAGS],
  })
  const stop = () => void child.kill('SIGTERM')
  signal.addEventListener('abort', stop, { once: true })
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 0)))
}
