/** Where a command writes. Results go to `out`, everything else to `err`. */
export interface CommandIo {
  out(line: string): void
  err(line: string): void
  /** True when `err` is a terminal: progress bars; otherwise plain lines. */
  isTerminal: boolean
  /** Rewrites the current line of a terminal; a no-op elsewhere. */
  progress(text: string): void
  /** A plain line of progress, for where there is no terminal. */
  line(text: string): void
  signal: AbortSignal
}

/** One command of the command line. Throws `DomainError`; `main.ts` prints it and sets the exit code. */
export interface Command {
  name: string
  /** Arguments as shown in the help, without the name. */
  usage: string
  summary: string
  run(args: string[], io: CommandIo): Promise<void>
}
