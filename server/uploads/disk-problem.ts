import { DomainError } from '../../shared/errors/domain-error.ts'

/** No room on the disk, or none left of what the server may take. */
const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT']

/** A full disk in our words; what else a write met stays as it is. @param neededBytes that were to be written */
export function asDiskProblem(cause: unknown, neededBytes: number): unknown {
  const isFull = FULL.includes((cause as NodeJS.ErrnoException).code)
  return isFull ? new DomainError('disk_full', { neededBytes, freeBytes: 0, cause }) : cause
}
