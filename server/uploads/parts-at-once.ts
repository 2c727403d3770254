import { DomainError } from '../../shared/errors/domain-error.ts'

/** More than eight uploads of our client send together; each part on its way holds some MiB and two files. */
const MOST_PARTS = 64

const RETRY_AFTER_SECONDS = 2

/** Counts the parts of each user that are on their way. */
export class PartsAtOnce {
  private readonly numOf = new Map<string, number>()

  /** Does the work of one part. @throws {DomainError} `rate_limited` where too many are under way */
  async during<T>(owner: string, work: () => Promise<T>): Promise<T> {
    const before = this.numOf.get(owner) ?? 0
    if (before >= MOST_PARTS) {
      const message = `${MOST_PARTS} parts of a user may be on their way at a time.`
      throw new DomainError('rate_limited', { message, limit: MOST_PARTS, retryAfterSeconds: RETRY_AFTER_SECONDS })
    }
    this.numOf.set(owner, before + 1)
    try {
      return await work()
    } finally {
      const left = (this.numOf.get(owner) ?? 1) - 1
      if (left === 0) this.numOf.delete(owner)
      else this.numOf.set(owner, left)
    }
  }
}
