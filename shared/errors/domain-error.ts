import { PROBLEMS, type ProblemCode } from './problems.ts'

/** The envelope that travels over HTTP, WebSocket, IPC and in job records. */
export interface ProblemEnvelope {
  code: string
  message: string
  hint: string
  retryable: boolean
  request_id?: string
}

/** Values named in the message template of a problem code, plus what replaces the table's text when it must. */
export interface ProblemDetails {
  /** Replaces the template. Say what happened, with the values seen. */
  message?: string
  /** Replaces the table's hint. Say what the user can do. */
  hint?: string
  /** The foreign error this one was made from; never leaves the process. */
  cause?: unknown
  /** What the administrator reads in the log and the sender is not told. Names nobody and no file. */
  logReason?: string
  [value: string]: unknown
}

/**
 * The only error that product code throws on purpose: a stable code from one table, with the values seen.
 *
 * @see shared/errors/problems.ts
 */
export class DomainError extends Error {
  readonly code: ProblemCode
  readonly hint: string
  readonly retryable: boolean
  readonly details: ProblemDetails

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    const row = PROBLEMS[code]
    super(
      details.message ?? fill(row.message, details),
      details.cause === undefined ? undefined : { cause: details.cause },
    )
    this.name = 'DomainError'
    this.code = code
    this.hint = details.hint ?? fill(row.hint, details)
    this.retryable = row.retryable
    this.details = details
  }

  /** HTTP status of this problem. */
  get status(): number {
    return PROBLEMS[this.code].status
  }

  /** The four members every surface shows. */
  toEnvelope(): ProblemEnvelope {
    return { code: this.code, message: this.message, hint: this.hint, retryable: this.retryable }
  }
}

/** The envelope of any thrown value; what is not a `DomainError` becomes `internal` and keeps its text to itself. */
export function envelopeOf(error: unknown): ProblemEnvelope {
  return error instanceof DomainError ? error.toEnvelope() : new DomainError('internal').toEnvelope()
}

/** A `DomainError` made again from an envelope that came over a wire; unknown codes of a newer peer become `internal`. */
export function errorFromEnvelope(envelope: ProblemEnvelope): DomainError {
  const code: ProblemCode = envelope.code in PROBLEMS ? (envelope.code as ProblemCode) : 'internal'
  return new DomainError(code, { message: envelope.message, hint: envelope.hint })
}

function fill(template: string, details: ProblemDetails): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => show(details[name]))
}

function show(value: unknown): string {
  if (value === undefined) return '?'
  return Array.isArray(value) ? value.join(' × ') : String(value)
}
