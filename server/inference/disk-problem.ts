import { DomainError } from '../../shared/errors/domain-error.ts'

/** No room on the disk, or none left of what this user may take. */
const FULL: readonly string[] = ['ENOSPC', 'EDQUOT']

/** A full disk can meet any write of a run. */
export function asDiskProblem(error: unknown): unknown {
  const isFull = [error, (error as Error).cause].some((one) =>
    FULL.includes((one as NodeJS.ErrnoException | undefined)?.code ?? ''),
  )
  return isFull
    ? new DomainError('disk_full', { message: 'The disk of the computer that runs the job is full.', cause: error })
    : error
}
