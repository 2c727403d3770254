import { setTimeout as delay } from 'node:timers/promises'

/** With less free space than this no upload and no result has a place. */
const LEAST_FREE_BYTES = 256 * 1024 * 1024

/** A database that answers later than this is not one to work with. */
const DATABASE_MS = 2_000

export interface ReadinessNeeds {
  askDatabase: () => Promise<unknown>
  /** Free space where the data lie, bytes. */
  freeBytes: () => Promise<number>
  numModels: () => number
  /** Cards were hoped for at the start, and none could be used. */
  isOnCpuInstead?: boolean
}

/** Whether the server can take work. States: starting → running → stopping. */
export class Readiness {
  private now: 'starting' | 'running' | 'stopping' = 'starting'
  private readonly needs: ReadinessNeeds

  constructor(needs: ReadinessNeeds) {
    this.needs = needs
  }

  get isStopping(): boolean {
    return this.now === 'stopping'
  }

  /** What an operator should know though work is taken, in plain words without paths. */
  get notes(): string[] {
    return this.needs.isOnCpuInstead
      ? ['no card could be used at the start: jobs run on the CPU until the next one']
      : []
  }

  started(): void {
    if (this.now === 'starting') this.now = 'running'
  }

  stopping(): void {
    this.now = 'stopping'
  }

  /** Why no work can be taken, in plain words without paths; empty where it can. Never throws. */
  async reasons(): Promise<string[]> {
    if (this.now !== 'running') return [`the server is ${this.now}`]
    const [hasDatabase, freeBytes] = await Promise.all([this.hasDatabase(), this.needs.freeBytes().catch(() => null)])
    return [
      ...(hasDatabase ? [] : ['the database does not answer']),
      ...(freeBytes === null ? ['the data folder cannot be read'] : []),
      ...(freeBytes !== null && freeBytes < LEAST_FREE_BYTES ? [`the disk is full, ${freeBytes} bytes are free`] : []),
      ...(this.needs.numModels() > 0 ? [] : ['there is no model']),
    ]
  }

  private hasDatabase(): Promise<boolean> {
    const answer = this.needs.askDatabase().then(
      () => true,
      () => false,
    )
    return Promise.race([answer, delay(DATABASE_MS, false, { ref: false })])
  }
}
