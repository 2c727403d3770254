import { MOST_PAGES, PAGE_BYTES } from './wasm-code.ts'

/** Memory that kernels and threads share. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer
}

/** What is used of the engine's own; the types of Node do not have it. */
interface WebAssemblyOfEngine {
  Memory: new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> }
  validate(bytes: Uint8Array<ArrayBuffer>): boolean
}

const engine = (globalThis as unknown as { WebAssembly: WebAssemblyOfEngine }).WebAssembly

/** What one memory can hold. */
export const MOST_MEMORY_BYTES = MOST_PAGES * PAGE_BYTES

/** Zeros, at least `bytes` of them; the system gives them as they are touched. @throws {RangeError} where it has none */
export function sharedMemory(bytes: number): SharedMemory {
  const pages = Math.ceil(bytes / PAGE_BYTES)
  return new engine.Memory({ initial: pages, maximum: pages, shared: true })
}

/** The exports of a module over a memory; null where the processor has no vectors of 128 bits. */
export function instantiate(module: Uint8Array<ArrayBuffer>, memory: SharedMemory): Record<string, unknown> | null {
  if (!engine.validate(module)) return null
  return new engine.Instance(new engine.Module(module), { host: { memory } }).exports
}
