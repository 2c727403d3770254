import { DomainError } from '../../shared/errors/domain-error.ts'

/** A full disk can meet any write of a run. */
export function asDiskProblem(error: unknown): unknown {
  const isFull = [error, (error as Error).cause].some(
    (one) => (one as NodeJS.ErrnoException | undefined)?.code === 'ENOSPC',
  )
  return isFull
    ? new DomainError('disk_full', { message: 'The disk of the computer that runs the job is full.', cause: error })
    : error
}
