import { statfsSync } from 'node:fs'
import { DomainError } from '../../shared/errors/domain-error.ts'

/** What a driver's error says about itself: a SQLSTATE, a code of Node or of SQLite, or only a text. */
interface DriverError {
  code?: string
  message?: string
}

/**
 * Why PostgreSQL cannot serve, by SQLSTATE or code of Node. Texts name no address, user or password.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const POSTGRES_REASONS: Record<string, string> = {
  '28000': 'it refuses the user',
  '28P01': 'it refuses the user or the password',
  '3D000': 'it has no database of that name',
  '42501': 'its user may not make or change tables',
  '25006': 'it only allows reading',
  '53200': 'it is out of memory',
  '53300': 'it has no connection left',
  '55P03': 'too many changes meet each other',
  '40001': 'too many changes meet each other',
  '40P01': 'too many changes meet each other',
  '57014': 'a query took too long',
  '57P01': 'the connection broke',
  '57P02': 'the connection broke',
  '57P03': 'it is starting or stopping',
  '58030': 'it cannot read or write its files',
  ECONNREFUSED: 'nothing answers at its address',
  ENOENT: 'nothing answers at its address',
  ENOTFOUND: 'the name of its host is not known',
  EAI_AGAIN: 'the name of its host is not known',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its host cannot be reached',
  ETIMEDOUT: 'it does not answer in time',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
}

/** Errors of the driver that carry no code. */
const POSTGRES_TEXTS: readonly [RegExp, string][] = [
  [/timeout|timed out/i, 'it does not answer in time'],
  [/does not support SSL/, 'it does not speak TLS'],
  [/SCRAM|password must be a string/, 'it asks for a password'],
  [/connection terminated|connection error|not queryable|client was closed|after calling end/i, 'the connection broke'],
]

/** Codes of Node for a certificate that is not accepted. */
const TLS_CODE = /^(ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/

/** An answer of PostgreSQL itself; no class of it begins with the E of Node's codes. */
const SQLSTATE = /^[0-9FHPX][0-9A-Z]{4}$/

/** A transaction or statement that lost against another one and may simply be run again. */
const CONFLICTS = new Set(['40001', '40P01', 'SQLITE_BUSY_SNAPSHOT'])

/** True where doing the same again is all that is needed. */
export function isConflict(error: unknown): boolean {
  const foreign = error instanceof DomainError ? error.cause : error
  return CONFLICTS.has(codeOf(foreign))
}

/** True for an error after which a connection must not be used again. */
export function isBrokenConnection(error: unknown): boolean {
  const code = codeOf(error)
  return !SQLSTATE.test(code) || code.startsWith('57P') || code.startsWith('08')
}

/** An error of PostgreSQL or its driver in our words; what is not recognised stays as it is. */
export function postgresProblem(error: unknown): unknown {
  if (error instanceof DomainError) return error
  const code = codeOf(error)
  const cause = error
  if (code === '53100') return new DomainError('disk_full', { message: 'The disk of the database is full.', cause })
  // What JSON can carry and PostgreSQL cannot store: a zero character in a text, a number beyond its type.
  if (code.startsWith('22')) return new DomainError('request_invalid', { reason: 'a value cannot be stored', cause })
  const reason = postgresReason(code, (error as DriverError).message ?? '')
  return reason === null ? error : new DomainError('database_unavailable', { reason, cause })
}

function postgresReason(code: string, text: string): string | null {
  if (POSTGRES_REASONS[code]) return POSTGRES_REASONS[code]
  if (code.startsWith('08')) return 'the connection broke'
  if (TLS_CODE.test(code)) return 'its certificate is not accepted'
  return POSTGRES_TEXTS.find(([pattern]) => pattern.test(text))?.[1] ?? null
}

/** An error of SQLite in our words. @param folder where its file lies */
export function sqliteProblem(error: unknown, folder: string): unknown {
  const code = codeOf(error)
  const cause = error
  if (code === 'SQLITE_FULL' || (code.startsWith('SQLITE_IOERR') && isDiskFull(folder))) return diskFull(cause)
  if (code.startsWith('SQLITE_BUSY'))
    return new DomainError('database_unavailable', { reason: 'another program holds its file', cause })
  if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_CANTOPEN'))
    return new DomainError('database_unavailable', { reason: 'its file cannot be written', cause })
  if (code.startsWith('SQLITE_NOTADB') || code.startsWith('SQLITE_CORRUPT'))
    return new DomainError('database_damaged', { cause })
  return error
}

/** A change that the disk did not take, in our words. @param folder where the file of the database lies */
export function unsyncedProblem(cause: unknown, folder: string): DomainError {
  const found = sqliteProblem(cause, folder)
  if (found instanceof DomainError) return found
  if (isDiskFull(folder)) return diskFull(cause)
  return new DomainError('database_unavailable', { reason: 'its file cannot be written', cause })
}

function diskFull(cause: unknown): DomainError {
  return new DomainError('disk_full', { message: 'The disk of the server is full: nothing can be recorded.', cause })
}

function isDiskFull(folder: string): boolean {
  try {
    return statfsSync(folder).bavail === 0
  } catch {
    return false
  }
}

function codeOf(error: unknown): string {
  const code = (error as DriverError | undefined)?.code
  return typeof code === 'string' ? code : ''
}
