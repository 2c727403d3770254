import { mkdir, open, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { honestNetwork } from '../hostile-networks.ts'
import { childrenOf, type RealServer, startRealServer } from '../real-server.ts'
import { thresholdManifest } from '../threshold-model.ts'
import { type KnownVolume, sha256Of } from './known-volume.ts'
import { makePeople, type Person } from './people.ts'
import type { Random } from './seeded-random.ts'
import { type ServerState, stateOf } from './server-state.ts'
import type { Tally } from './tally.ts'

/** A part that the server answered with 200, of an upload that was left unfinished on purpose. */
export interface AcceptedPart {
  user: string
  uploadId: string
  partIndex: number
  chunkBytes: number
  sha256: string
}

/** A finished upload: the server said that it has this. */
export interface AcceptedVolume {
  volumeId: string
  person: Person
  volume: KnownVolume
}

/** A job that the server said it had taken. */
export interface AcceptedJob {
  jobId: string
  person: Person
  volume: KnownVolume
}

/** Settings of every server of a run: small parts, so that small files have many. */
const SETTINGS = {
  CRYOMAMBA_MIN_CHUNK_BYTES: '16384',
  CRYOMAMBA_CHUNK_BYTES: '65536',
  CRYOMAMBA_DEVICES: 'cpu',
  CRYOMAMBA_THREADS: '1',
  CRYOMAMBA_CHECKPOINT_SECONDS: '0',
  CRYOMAMBA_LOG_LEVEL: 'error',
  CRYOMAMBA_SLOW_REQUEST_SECONDS: '5',
  CRYOMAMBA_UPLOAD_IDLE_SECONDS: '5',
  CRYOMAMBA_MAX_UPLOADS_PER_USER: '1000',
  CRYOMAMBA_MIN_FREE_BYTES: String(32 * 1024 * 1024),
}

/** A folder, the server process over it, and all that the server has promised. */
export class World {
  readonly volumes: AcceptedVolume[] = []
  readonly jobs: AcceptedJob[] = []
  readonly parts: AcceptedPart[] = []
  /** Jobs whose owner asked for their end. */
  readonly canceled = new Set<string>()
  readonly data: string
  private current: RealServer | null = null
  private port = 0
  private startState: ServerState | null = null
  private log: Awaited<ReturnType<typeof open>> | null = null
  readonly root: string
  readonly tally: Tally
  readonly random: Random

  private readonly env: Readonly<Record<string, string>>

  /** @param root an empty folder; the data folder is `data` in it, or `dataFolder` */
  constructor(root: string, tally: Tally, random: Random, env: Record<string, string>, dataFolder?: string) {
    this.root = root
    this.tally = tally
    this.random = random
    this.env = env
    this.data = dataFolder ?? path.join(root, 'data')
  }

  get server(): RealServer {
    if (!this.current) throw new Error('the server does not run')
    return this.current
  }

  /** What the server that runs held when it was started; null where that cannot be seen. */
  get before(): ServerState | null {
    return this.startState
  }

  get logFile(): string {
    return path.join(this.root, 'server.log')
  }

  /** Starts the server, always at the same port. */
  async start(env: Record<string, string> = {}): Promise<RealServer> {
    await this.writeModel()
    this.log ??= await open(this.logFile, 'a')
    const settings = { ...SETTINGS, CRYOMAMBA_MODELS: path.join(this.root, 'models'), ...this.env, ...env }
    this.current = await startRealServer(this.data, this.port, settings, this.log.fd)
    this.port = this.current.port
    this.startState = await stateOf(this.current.child.pid ?? 0)
    return this.current
  }

  async stop(): Promise<void> {
    await this.current?.stop()
    this.current = null
  }

  async kill(): Promise<void> {
    await this.current?.kill()
    this.current = null
  }

  /** Processes that compute, of this server. */
  workers(): Promise<number[]> {
    return childrenOf(this.server.child.pid ?? 0)
  }

  async close(): Promise<void> {
    await this.stop()
    await this.log?.close()
  }

  people(names: readonly string[]): Promise<Person[]> {
    return makePeople(this.data, names)
  }

  /** The threshold network as a package; real onnxruntime runs it. */
  private async writeModel(): Promise<void> {
    const folder = path.join(this.root, 'models', 'threshold')
    await mkdir(folder, { recursive: true })
    if ((await readdir(folder)).length > 0) return
    const network = honestNetwork()
    const manifest = thresholdManifest()
    const onnx = { ...manifest.onnx, bytes: network.length, sha256: sha256Of(network) }
    await writeFile(path.join(folder, onnx.file), network)
    await writeFile(path.join(folder, 'model.json'), JSON.stringify({ ...manifest, onnx }))
  }
}
