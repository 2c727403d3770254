import { DomainError } from '../../shared/errors/domain-error.ts'

/** Less than this in a whole idle time is a stalled sender: far below any line that is of use, 270 B/s at one minute. */
const LEAST_BYTES = 16 * 1024

/** The idle time is looked at in this many steps, so that a stall is found at most a quarter too late. */
const STEPS = 4

/**
 * Reads the body of a part as long as it comes. A body that stops, or only trickles, is ended with a problem instead of
 * holding its place; so is one whose sender is replaced by another. Time in which the reader itself is busy (writing to
 * a slow disk) does not count.
 * @param signal ends the reading with `canceled`
 * @throws {DomainError} `upload_stalled`, `upload_connection_lost`, `canceled`
 */
export async function* watchedBody(
  body: AsyncIterable<Uint8Array>,
  limits: { partIndex: number; idleMs: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const { partIndex, idleMs, signal } = limits
  const chunks = body[Symbol.asyncIterator]()
  const received: number[] = []
  let stepBytes = 0
  let ended: DomainError | null = null
  let wake: ((reason: DomainError) => void) | null = null
  const end = (reason: DomainError) => {
    ended ??= reason
    wake?.(ended)
  }
  // A race against one lasting promise would keep every chunk until that promise is gone.
  const nextChunk = () =>
    new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
      wake = reject
      chunks.next().then(resolve, (cause) => reject(asLostConnection(partIndex, cause)))
    })
  const onAbort = () => end(new DomainError('canceled'))
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setInterval(() => {
    if (wake) received.push(stepBytes)
    else received.length = 0
    stepBytes = 0
    if (received.length > STEPS) received.shift()
    const isStalled = received.length === STEPS && received.reduce((sum, bytes) => sum + bytes) < LEAST_BYTES
    if (isStalled) end(new DomainError('upload_stalled', { partIndex, seconds: idleMs / 1000 }))
  }, idleMs / STEPS)
  try {
    if (signal.aborted) onAbort()
    for (;;) {
      if (ended) throw ended
      const next = await nextChunk()
      wake = null
      if (next.done) return
      stepBytes += next.value.length
      yield next.value
    }
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

function asLostConnection(partIndex: number, cause: unknown): DomainError {
  return cause instanceof DomainError ? cause : new DomainError('upload_connection_lost', { partIndex, cause })
}
