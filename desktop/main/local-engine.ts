import path from 'node:path'
import { MessageChannelMain, type UtilityProcess, utilityProcess } from 'electron'
import type { ServerAddress } from '../../shared/client/api.ts'
import { DomainError, errorFromEnvelope, type ProblemEnvelope } from '../../shared/errors/domain-error.ts'

type FromServer =
  | { type: 'ready'; url: string; token: string }
  | { type: 'failed'; error: ProblemEnvelope }
  | { type: 'launch_worker'; id: number; entry: string; env: Record<string, string> }
  | { type: 'kill_worker'; id: number }

// A first start compiles nothing but opens a database and loads the models' manifests.
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 5_000

export interface LocalEngineFolders {
  /** The compiled server entry. */
  entry: string
  data: string
}

/**
 * The server on this computer: a utility process that is started by its compiled entry when it is first needed.
 * Its workers are utility processes too, made here because only the main process can, and given a port to the server.
 */
export class LocalEngine {
  private readonly folders: LocalEngineFolders
  private readonly onStopped: (error: DomainError) => void
  private server: UtilityProcess | null = null
  private starting: Promise<ServerAddress> | null = null
  private readonly workers = new Map<number, UtilityProcess>()

  constructor(folders: LocalEngineFolders, onStopped: (error: DomainError) => void) {
    this.folders = folders
    this.onStopped = onStopped
  }

  /** The address of the running server. @throws {DomainError} `engine_not_available` or what the server says */
  start(): Promise<ServerAddress> {
    this.starting ??= this.launch().catch((error) => {
      this.starting = null
      throw error
    })
    return this.starting
  }

  /** Asks the server to close and waits a little; then everything is ended. */
  async stop(): Promise<void> {
    const server = this.server
    this.server = null
    this.starting = null
    if (server) {
      server.postMessage({ type: 'stop' })
      await Promise.race([
        new Promise((resolve) => server.once('exit', resolve)),
        new Promise((resolve) => setTimeout(resolve, STOP_TIMEOUT_MS)),
      ])
      server.kill()
    }
    for (const worker of this.workers.values()) worker.kill()
  }

  private launch(): Promise<ServerAddress> {
    const server = utilityProcess.fork(this.folders.entry, ['--data', this.folders.data], {
      serviceName: 'CryoMamba engine',
      stdio: 'inherit',
    })
    this.server = server
    return new Promise((resolve, reject) => {
      const fail = (error: DomainError) => {
        server.kill()
        reject(error)
      }
      const notInTime = () => fail(new DomainError('engine_not_available', { reason: 'it did not start in time' }))
      const timer = setTimeout(notInTime, START_TIMEOUT_MS)
      const ready = (address: ServerAddress) => {
        clearTimeout(timer)
        resolve(address)
      }
      server.on('message', (message: FromServer) => {
        if (message.type === 'ready') ready({ url: message.url, token: message.token })
        else if (message.type === 'failed') fail(errorFromEnvelope(message.error))
        else if (message.type === 'launch_worker') this.launchWorker(server, message)
        else if (message.type === 'kill_worker') this.workers.get(message.id)?.kill()
      })
      server.once('exit', (code) => {
        clearTimeout(timer)
        const error = new DomainError('engine_not_available', { reason: `it stopped with code ${code}` })
        reject(error)
        this.lost(server, error)
      })
    })
  }

  private launchWorker(server: UtilityProcess, wanted: FromServer & { type: 'launch_worker' }): void {
    const folder = path.dirname(this.folders.entry)
    const isOurs = path.resolve(wanted.entry).startsWith(folder + path.sep)
    if (!isOurs) return server.postMessage({ type: 'worker_exited', id: wanted.id, code: 1 })
    const worker = utilityProcess.fork(wanted.entry, [], {
      serviceName: 'CryoMamba worker',
      stdio: 'inherit',
      env: { ...process.env, ...wanted.env },
    })
    this.workers.set(wanted.id, worker)
    worker.once('exit', (code) => {
      this.workers.delete(wanted.id)
      if (this.server === server) server.postMessage({ type: 'worker_exited', id: wanted.id, code })
    })
    const { port1, port2 } = new MessageChannelMain()
    server.postMessage({ type: 'worker_port', id: wanted.id }, [port1])
    worker.postMessage({ type: 'port' }, [port2])
  }

  private lost(server: UtilityProcess, error: DomainError): void {
    for (const worker of this.workers.values()) worker.kill()
    if (this.server !== server) return
    this.server = null
    this.starting = null
    this.onStopped(error)
  }
}
