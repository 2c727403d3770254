import type { DomainError } from '../../shared/errors/domain-error.ts'
import { outOfMemory } from '../inference/memory-problem.ts'

/** How often the memory of workers is looked at; a network takes a few GB in that time at most. */
const LOOK_MS = 1_000

/** What is held may stand above the limit by this share of it: plans are not exact to the byte. */
const MARGIN = 0.1

/** A job that runs, as far as its memory is watched. */
export interface WatchedRun {
  isSettled: boolean
  /** What its plan says, bytes; 0 where it has none. */
  plannedBytes: number
  /** What its worker holds, bytes; null where that cannot be told. */
  memoryBytes(): Promise<number | null>
  end(error: DomainError): void
}

export interface MemoryWatchNeeds {
  runs: () => Iterable<WatchedRun>
  /** What the server holds, bytes; null where that cannot be told. */
  ownBytes: () => Promise<number | null>
  limitBytes: number
}

/**
 * Holds running jobs to the memory limit, which plans alone cannot: a network may take more for some inputs than for
 * others. Where the server and all its workers together stand above the limit by more than a tenth of it, the job that is
 * furthest above its own plan ends with `out_of_memory`; at the next look the rest is judged again.
 */
export class MemoryWatch {
  private readonly needs: MemoryWatchNeeds
  private timer: NodeJS.Timeout | undefined
  private isLooking = false

  constructor(needs: MemoryWatchNeeds) {
    this.needs = needs
  }

  start(): void {
    this.timer = setInterval(() => void this.look(), LOOK_MS)
    this.timer.unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** Looks once; a look that takes longer than until the next is not joined by another. Never rejects. */
  async look(): Promise<void> {
    if (this.isLooking) return
    this.isLooking = true
    try {
      await this.endLargest()
    } finally {
      this.isLooking = false
    }
  }

  private async endLargest(): Promise<void> {
    const { runs, ownBytes, limitBytes } = this.needs
    const held = [...runs()].filter(({ isSettled }) => !isSettled)
    if (held.length === 0) return
    const weighed = await Promise.all(held.map(async (run) => ({ run, bytes: (await run.memoryBytes()) ?? 0 })))
    const total = weighed.reduce((sum, { bytes }) => sum + bytes, (await ownBytes()) ?? 0)
    if (total <= (1 + MARGIN) * limitBytes) return
    const above = ({ run, bytes }: (typeof weighed)[number]) => bytes - run.plannedBytes
    const largest = weighed.reduce((most, one) => (above(one) > above(most) ? one : most))
    if (largest.bytes > 0) largest.run.end(beyondLimit(largest.bytes, total, limitBytes))
  }
}

function beyondLimit(neededBytes: number, totalBytes: number, limitBytes: number): DomainError {
  return outOfMemory({
    who: 'The job',
    neededBytes,
    freeBytes: Math.max(0, limitBytes - (totalBytes - neededBytes)),
    where: `the ${limitBytes} bytes of memory that the server may use (CRYOMAMBA_MEMORY_LIMIT_BYTES)`,
  })
}
