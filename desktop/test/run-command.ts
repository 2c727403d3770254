import { DomainError } from '../../shared/errors/domain-error.ts'
import type { Command } from '../cli/command.ts'

/** Runs a command in this process. @returns the lines it printed */
export async function runCommand(command: Command, args: string[]): Promise<string[]> {
  const out: string[] = []
  await command.run(args, {
    out: (line) => void out.push(line),
    err: () => undefined,
    isTerminal: false,
    progress: () => undefined,
    line: () => undefined,
    signal: new AbortController().signal,
  })
  return out
}

/** Code and message of the problem that a command ends with, or `ok`. */
export async function problemOfCommand(command: Command, args: string[]): Promise<string> {
  try {
    await runCommand(command, args)
  } catch (error) {
    if (error instanceof DomainError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'ok'
}
