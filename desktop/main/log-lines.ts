import { format } from 'node:util'

// Enough to see what led to a problem, small enough to read.
const MAX_LINES = 200
const MAX_LINE_LENGTH = 500

/** The last lines of the program's log. The log itself goes where it went before. */
export class LogLines {
  private readonly kept: string[] = []
  private readonly clean: (text: string) => string

  /** @param clean takes secrets and paths out of a line, before it is kept */
  constructor(clean: (text: string) => string) {
    this.clean = clean
  }

  get lines(): readonly string[] {
    return this.kept
  }

  add(source: string, text: string): void {
    for (const line of this.clean(text).split('\n')) {
      if (line.trim() === '') continue
      this.kept.push(`${new Date().toISOString()} ${source}: ${line.slice(0, MAX_LINE_LENGTH)}`)
    }
    this.kept.splice(0, this.kept.length - MAX_LINES)
  }

  /** Keeps what is written to the console from now on. */
  listen(source: string): void {
    for (const level of ['log', 'info', 'warn', 'error'] as const) {
      const write = console[level].bind(console)
      console[level] = (...words: unknown[]) => {
        this.add(source, format(...words))
        write(...words)
      }
    }
  }
}
