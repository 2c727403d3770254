import { freemem } from 'node:os'
import type { DomainError } from '../../shared/errors/domain-error.ts'
import { freeCardBytes } from '../devices/gpu-inventory.ts'
import { outOfMemory } from '../inference/memory-problem.ts'
import { createNvidiaSmi } from './nvidia-smi.ts'

/** Bytes of free memory that a provider's network can use; null where that cannot be asked for. */
export type FreeBytesOf = (provider: string) => Promise<number | null>

/** onnxruntime's arena, on the CPU and on devices: an allocation that failed, or one beyond its limit. */
const NOT_ALLOCATED = /Failed to allocate memory for requested buffer of size (\d+)/
const BEYOND_LIMIT = /Available memory of (\d+) is smaller than requested bytes of (\d+)/

/** Without the arena the language's own words: glibc and libc++ say the first, Windows the second. */
const NOT_NEW = /std::bad_alloc|\bbad allocation\b/

/** CUDA's libraries, which do not say how much they wanted. */
const DEVICE_FULL =
  /CUDA failure \d+: out of memory|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|CUDNN_STATUS_\w*ALLOCATION_FAILED|VK_ERROR_OUT_OF_DEVICE_MEMORY/

/** Of the card that this process was given, or of the computer. */
export const freeBytesOf: FreeBytesOf = async (provider) => {
  if (provider === 'cpu' || provider === 'coreml') return freemem()
  return provider === 'cuda' ? freeCardBytes(process.env, createNvidiaSmi()) : null
}

/** What a text of onnxruntime says of missing memory; null where it is about something else. */
export function lackIn(text: string): { neededBytes: number | null; freeBytes: number | null } | null {
  const [, free, beyond] = BEYOND_LIMIT.exec(text) ?? []
  if (beyond) return { neededBytes: Number(beyond), freeBytes: Number(free) }
  const needed = NOT_ALLOCATED.exec(text)?.[1]
  if (needed) return { neededBytes: Number(needed), freeBytes: null }
  return NOT_NEW.test(text) || DEVICE_FULL.test(text) ? { neededBytes: null, freeBytes: null } : null
}

/** `out_of_memory` for an error of onnxruntime that is one, with the bytes that are known; else null. */
export async function memoryProblem(
  provider: string,
  cause: unknown,
  freeBytes: FreeBytesOf = freeBytesOf,
): Promise<DomainError | null> {
  const text = String((cause as Error | null)?.message)
  const found = lackIn(text)
  if (!found) return null
  // The language's own allocator is the computer's, whatever device the network runs on.
  const isOfDevice = provider !== 'cpu' && provider !== 'coreml' && !NOT_NEW.test(text)
  return outOfMemory({
    who: 'The network',
    neededBytes: found.neededBytes,
    freeBytes: found.freeBytes ?? (await freeBytes(isOfDevice ? provider : 'cpu')),
    ...(isOfDevice ? { where: `the memory of the device (${provider})` } : {}),
    cause,
  })
}
