/** One row of the problem table. `{name}` in a text is filled with the value of that name. */
export interface ProblemRow {
  /** HTTP status. */
  readonly status: number
  /** Short, the same for every occurrence. */
  readonly title: string
  /** What happened, with the values seen. */
  readonly message: string
  /** What the user can do. */
  readonly hint: string
  /** True when the same request can succeed later. */
  readonly retryable: boolean
}

/** Writes a row in one line. */
export function row(status: number, title: string, message: string, hint: string, retryable = false): ProblemRow {
  return { status, title, message, hint, retryable }
}
