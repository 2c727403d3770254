import path from 'node:path'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { runServerEntry } from '../server-process.ts'

/** `doctor`: will this computer run jobs, and if not, what is missing? */
export const doctorCommand: Command = {
  name: 'doctor',
  usage: '[--data DIR] [--server URL --token T [--ca FILE]] [--json]',
  summary: 'Checks this computer: program, CPU, GPUs, CUDA libraries, data folder, and a server when one is named.',
  run: async (args, io) => {
    const text = { type: 'string' } as const
    const { values } = readArguments(args, {
      data: text,
      server: text,
      token: text,
      ca: text,
      json: { type: 'boolean' },
    })
    const ca = values.ca ?? process.env.CRYOMAMBA_CA
    const passed = (['data', 'server', 'token'] as const).flatMap((name) => {
      const value = values[name]
      return value === undefined ? [] : [`--${name}`, value]
    })
    process.exitCode = await runServerEntry(
      'doctor-command.js',
      [...passed, ...(values.json ? ['--json'] : [])],
      io.signal,
      // Node reads it once, at the start of a process.
      ca ? { NODE_EXTRA_CA_CERTS: path.resolve(ca) } : {},
    )
  },
}
