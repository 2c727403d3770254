/** What one check found. `failed` means that what the settings ask for will not work. */
export interface Finding {
  /** Short, the same for every run, e.g. `CPU`. */
  name: string
  state: 'ok' | 'warning' | 'failed'
  /** What was found, with the values seen. */
  message: string
  /** What the user can do; null where there is nothing to do. */
  hint: string | null
}

export function ok(name: string, message: string): Finding {
  return { name, state: 'ok', message, hint: null }
}

export function warning(name: string, message: string, hint: string): Finding {
  return { name, state: 'warning', message, hint }
}

export function failed(name: string, message: string, hint: string): Finding {
  return { name, state: 'failed', message, hint }
}

/** Lines for a terminal: state, name and message in columns, what to do below. */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length))
  const indent = ' '.repeat(width + 11)
  return findings
    .flatMap(({ name, state, message, hint }) => [
      `${state.padEnd(7)}  ${name.padEnd(width)}  ${message}`,
      ...(hint ? [`${indent}→ ${hint}`] : []),
    ])
    .join('\n')
}
