import { DomainError } from '../../shared/errors/domain-error.ts'

/** The choice of `--mode0`. @throws {DomainError} `usage` */
export function readMode0(text: string | undefined): 'signed' | 'unsigned' | undefined {
  if (text === undefined || text === 'signed' || text === 'unsigned') return text
  throw new DomainError('usage', { reason: `--mode0 takes signed or unsigned, not ${text}.` })
}
