import { DomainError } from '../../shared/errors/domain-error.ts'

/** First and last byte, both included. */
export interface ByteRange {
  first: number
  last: number
}

/**
 * The single range that a `Range` header asks for; null where the whole file is to be sent (no header, another unit,
 * or several ranges, which RFC 9110 §14.2 lets a server ignore).
 * @throws {DomainError} `range_not_satisfiable`
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | null {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!found || (found[1] === '' && found[2] === '')) return null
  const refuse = () => new DomainError('range_not_satisfiable', { range: header, sizeBytes })
  if (found[1] === '') {
    const length = Math.min(Number(found[2]), sizeBytes)
    if (length === 0) throw refuse()
    return { first: sizeBytes - length, last: sizeBytes - 1 }
  }
  const first = Number(found[1])
  const last = found[2] === '' ? sizeBytes - 1 : Math.min(Number(found[2]), sizeBytes - 1)
  if (first >= sizeBytes || first > last) throw refuse()
  return { first, last }
}
