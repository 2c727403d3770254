import { freemem } from 'node:os'
import { DomainError } from '../../shared/errors/domain-error.ts'

/** Who lacked memory, and the numbers as far as they are known. */
export interface MemoryFacts {
  /** Begins the sentence: `The network`. */
  who: string
  neededBytes?: number | null
  /** Null where it is not known. */
  freeBytes: number | null
  /** Whose memory it is; absent: the computer's. */
  where?: string
  cause?: unknown
}

/** `out_of_memory` in a sentence that names the numbers that are known, and no others. */
export function outOfMemory({ who, neededBytes, freeBytes, where, cause }: MemoryFacts): DomainError {
  const memory = where ?? "the computer's memory"
  const asked = neededBytes
    ? `asked for ${neededBytes} bytes of ${memory}`
    : `asked for more of ${memory} than there is`
  const free = freeBytes === null ? '' : `; ${freeBytes} bytes of it are free`
  const hint = where ? undefined : 'Use a smaller patch, or close programs that hold memory.'
  return new DomainError('out_of_memory', {
    message: `${who} ${asked}${free}.`,
    ...{ hint, cause, neededBytes: neededBytes ?? null, freeBytes },
  })
}

/** What V8 throws where there is no memory for an array, and where one would be longer than any may be. */
const NO_ARRAY =
  /^(Array buffer allocation failed|Invalid array buffer length|(?:Shared)?ArrayBuffer allocation failed)$/
const TOO_LONG = /^Invalid typed array length: (\d+)$/
const LONGEST_ARRAY = 2 ** 32

/** What Node says where a thread, a buffer or a file finds no memory. */
const CODES: readonly unknown[] = ['ERR_WORKER_OUT_OF_MEMORY', 'ERR_MEMORY_ALLOCATION_FAILED', 'ENOMEM']

/** True for an error of the engine that is a lack of memory, and not a mistake of ours. */
export function isLackOfMemory(error: unknown): boolean {
  if (CODES.includes((error as NodeJS.ErrnoException | null)?.code)) return true
  if (!(error instanceof RangeError) && (error as Error | null)?.name !== 'RangeError') return false
  const { message } = error as Error
  return NO_ARRAY.test(message) || Number(TOO_LONG.exec(message)?.[1] ?? 0) >= LONGEST_ARRAY
}

/**
 * An error of the engine that is a lack of memory as `out_of_memory`; any other as it is.
 * @param neededBytes what is known of the need, asked for only then
 */
export function asMemoryProblem(error: unknown, who: string, neededBytes: () => number | null = () => null): unknown {
  if (error instanceof DomainError || !isLackOfMemory(error)) return error
  return outOfMemory({ who, neededBytes: neededBytes(), freeBytes: freemem(), cause: error })
}
