import { Worker } from 'node:worker_threads'
import { hashHere, type PartHashes } from './part-hashes.ts'

/** One thing to do for the thread; `digest`, `add` and `end` as `PartHashes` has them. */
export type ToHashThread = { type: 'digest' | 'add'; bytes: Uint8Array } | { type: 'end' }

/** Its answers, in the order in which it was asked; first of all an empty one. */
export type FromHashThread = string

/**
 * Hashes in a thread of its own, so that this one can feed the sockets; in this thread where none can be started.
 * Parts are hashed where they lie: their buffers are shared, not copied.
 */
export async function hashInThread(): Promise<PartHashes> {
  const thread = new HashThread()
  return (await thread.started()) ? thread : hashHere()
}

class HashThread implements PartHashes {
  private readonly thread = new Worker(new URL('./part-hash-thread.js', import.meta.url))
  private readonly asked: { resolve(answer: string): void; reject(error: Error): void }[] = []
  private problem: Error | null = null
  private readonly hello: Promise<string>

  constructor() {
    this.thread.unref()
    this.hello = this.answer()
    this.thread.on('message', (answer: FromHashThread) => this.asked.shift()?.resolve(answer))
    this.thread.on('error', (error) => this.fail(error))
    this.thread.on('exit', (code) => this.fail(new Error(`the thread that hashes ended with code ${code}`)))
  }

  started(): Promise<boolean> {
    return this.hello.then(
      () => true,
      () => false,
    )
  }

  allocate(length: number): Uint8Array {
    return new Uint8Array(new SharedArrayBuffer(length))
  }

  digest(bytes: Uint8Array): Promise<string> {
    return this.ask({ type: 'digest', bytes })
  }

  async add(bytes: Uint8Array): Promise<void> {
    await this.ask({ type: 'add', bytes })
  }

  end(): Promise<string> {
    return this.ask({ type: 'end' })
  }

  async close(): Promise<void> {
    await this.thread.terminate()
  }

  private ask(message: ToHashThread): Promise<string> {
    const answer = this.answer()
    this.thread.postMessage(message)
    return answer
  }

  private answer(): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.problem) return reject(this.problem)
      this.asked.push({ resolve, reject })
    })
  }

  private fail(error: Error): void {
    this.problem ??= error
    for (const { reject } of this.asked.splice(0)) reject(this.problem)
  }
}
