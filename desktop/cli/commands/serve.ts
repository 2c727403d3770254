import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { runServerEntry } from '../server-process.ts'

/** `serve`: the server for a lab; its settings come from the environment. */
export const serveCommand: Command = {
  name: 'serve',
  usage: '[--port N] [--data DIR] [--json]',
  summary: 'Runs a server until it is stopped; prints its address and token.',
  run: async (args, io) => {
    const { values } = readArguments(args, {
      port: { type: 'string' },
      data: { type: 'string' },
      json: { type: 'boolean' },
    })
    const passed = [
      ...(values.port === undefined ? [] : ['--port', values.port]),
      ...(values.data === undefined ? [] : ['--data', values.data]),
      ...(values.json ? ['--json'] : []),
    ]
    process.exitCode = await runServerEntry('main.js', passed, io.signal)
  },
}
