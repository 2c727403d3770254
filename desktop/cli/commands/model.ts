import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { runServerEntry } from '../server-process.ts'

/** `model check`: is a package what it says, and does its network run? */
export const modelCommand: Command = {
  name: 'model',
  usage: 'check DIR [--json]',
  summary: 'Checks a model package and tries its network on one tile, in a process of its own with limits.',
  run: async (args, io) => {
    const { values, positionals } = readArguments(args, { json: { type: 'boolean' } })
    process.exitCode = await runServerEntry(
      'model-command.js',
      [...positionals, ...(values.json ? ['--json'] : [])],
      io.signal,
    )
  },
}
