import path from 'node:path'
import { type BrowserWindow, MessageChannelMain, type UtilityProcess, utilityProcess } from 'electron'
import { DomainError, errorFromEnvelope, type ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import type { ProblemCode } from '../../shared/errors/problems.ts'

interface Waiting<A> {
  resolve(answer: A): void
  reject(error: DomainError): void
}

export interface ServiceProcessOptions {
  /** File beside the main program. */
  entry: string
  args?: readonly string[]
  name: string
  /** Channel on which the window gets its port. */
  portChannel: string
  stoppedCode: ProblemCode
  getWindow: () => BrowserWindow | null
  /** First message to every new process; null for none. */
  hello: unknown
  /** Told each time that the process stops by itself; calls that wait are refused before. */
  onStopped: (error: DomainError) => void
}

type ServiceReply<A> =
  | { type: 'reply'; call: number; answer: A }
  | { type: 'failed'; call: number; problem: ProblemEnvelope }

/**
 * A utility process that answers calls. It starts with the first one and again after a crash; bulk data goes from it to
 * the window over a port of their own.
 */
export class ServiceProcess<C extends object, A, E extends { type: string }> {
  private readonly options: ServiceProcessOptions
  private readonly onEvent: (event: E) => void
  private child: UtilityProcess | null = null
  private numCalls = 0
  private readonly waiting = new Map<number, Waiting<A>>()

  constructor(options: ServiceProcessOptions, onEvent: (event: E) => void = () => undefined) {
    this.options = options
    this.onEvent = onEvent
  }

  get isRunning(): boolean {
    return this.child !== null
  }

  /** Starts the process before the first call. */
  start(): void {
    this.running()
  }

  /** @throws {DomainError} what the service answers, the code for a process that stopped, `canceled` */
  call(message: C): Promise<A> {
    const call = ++this.numCalls
    return new Promise((resolve, reject) => {
      this.waiting.set(call, { resolve, reject })
      this.running().postMessage({ ...message, call })
    })
  }

  /** Gives window and service a new port between them; needed after a reload of the window. */
  connectWindow(): void {
    const window = this.options.getWindow()
    if (!window || !this.child) return
    const { port1, port2 } = new MessageChannelMain()
    this.child.postMessage({ type: 'window_port' }, [port1])
    window.webContents.postMessage(this.options.portChannel, null, [port2])
  }

  stop(): void {
    const child = this.child
    this.child = null
    child?.kill()
    this.refuse(new DomainError('canceled'))
  }

  private running(): UtilityProcess {
    if (this.child) return this.child
    const child = utilityProcess.fork(
      path.join(import.meta.dirname, this.options.entry),
      [...(this.options.args ?? [])],
      {
        serviceName: this.options.name,
        stdio: 'inherit',
      },
    )
    child.on('message', (reply: ServiceReply<A> | E) => this.settle(reply))
    child.on('exit', (code) => this.lost(child, code))
    this.child = child
    if (this.options.hello !== null) child.postMessage(this.options.hello)
    this.connectWindow()
    return child
  }

  private settle(message: ServiceReply<A> | E): void {
    if (!('call' in message)) return this.onEvent(message)
    const reply = message as ServiceReply<A>
    const waiting = this.waiting.get(reply.call)
    this.waiting.delete(reply.call)
    if (reply.type === 'reply') waiting?.resolve(reply.answer)
    else waiting?.reject(errorFromEnvelope(reply.problem))
  }

  private lost(child: UtilityProcess, code: number): void {
    if (this.child !== child) return
    this.child = null
    const error = new DomainError(this.options.stoppedCode, { reason: `code ${code}` })
    this.refuse(error)
    this.options.onStopped(error)
  }

  private refuse(error: DomainError): void {
    const waiting = [...this.waiting.values()]
    this.waiting.clear()
    for (const one of waiting) one.reject(error)
  }
}
