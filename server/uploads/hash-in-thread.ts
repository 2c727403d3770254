import { Worker } from 'node:worker_threads'
import type { FileHasher } from './file-hasher.ts'

export type ToHashThread =
  | { type: 'reached'; key: string; file: string; bytes: number }
  | { type: 'digest'; id: number; key: string; file: string; bytes: number }
  | { type: 'forget'; key: string }

export type FromHashThread = { id: number; sha256: string } | { id: number; problem: string; code?: string }

/** What a thread that ends leaves its askers with. */
class ThreadEnded extends Error {}

/** Hashes in a thread of its own, which begins with the first file: the one that takes requests goes on taking them. */
export class HashInThread implements FileHasher {
  private thread: Worker | null = null
  private nextId = 0
  private isClosed = false
  private readonly waiting = new Map<number, { resolve(sha256: string): void; reject(error: Error): void }>()

  reached(key: string, file: string, bytes: number): void {
    if (this.isClosed) return
    this.send({ type: 'reached', key, file, bytes })
  }

  async digest(key: string, file: string, bytes: number): Promise<string> {
    const ask = () =>
      new Promise<string>((resolve, reject) => {
        if (this.isClosed) return reject(new ThreadEnded('the thread that hashes files was closed'))
        const id = this.nextId++
        this.waiting.set(id, { resolve, reject })
        this.send({ type: 'digest', id, key, file, bytes })
      })
    // A thread that broke down is replaced, once; the new one begins at the first byte.
    return ask().catch((error) => {
      if (!(error instanceof ThreadEnded) || this.isClosed) throw error
      return ask()
    })
  }

  forget(key: string): void {
    if (this.thread) this.send({ type: 'forget', key })
  }

  async close(): Promise<void> {
    this.isClosed = true
    await this.thread?.terminate()
  }

  private send(message: ToHashThread): void {
    this.thread ??= this.start()
    this.thread.postMessage(message)
  }

  private start(): Worker {
    const thread = new Worker(new URL('./hash-thread.js', import.meta.url))
    thread.unref()
    let cause: unknown
    thread.on('error', (error) => {
      cause = error
    })
    thread.on('exit', () => {
      this.thread = null
      const asked = [...this.waiting.values()]
      this.waiting.clear()
      for (const { reject } of asked) reject(new ThreadEnded('the thread that hashes files ended', { cause }))
    })
    thread.on('message', (answer: FromHashThread) => {
      const asked = this.waiting.get(answer.id)
      this.waiting.delete(answer.id)
      if ('sha256' in answer) return asked?.resolve(answer.sha256)
      asked?.reject(Object.assign(new Error(answer.problem), { code: answer.code }))
    })
    return thread
  }
}
