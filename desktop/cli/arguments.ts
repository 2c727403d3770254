import { type ParseArgsConfig, parseArgs } from 'node:util'
import { DomainError } from '../../shared/errors/domain-error.ts'

/**
 * Options and file names of a command; unknown options and missing values are refused by name.
 * @throws {DomainError} `usage`
 */
export function readArguments<T extends NonNullable<ParseArgsConfig['options']>>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (cause) {
    throw new DomainError('usage', { reason: `${(cause as Error).message.split('. ')[0]}.`, cause })
  }
}
