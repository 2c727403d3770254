import type { Command } from '../command.ts'
import { runServerEntry } from '../server-process.ts'

/** `backup`: a copy of the server's database, made by a program of the server. */
export const backupCommand: Command = {
  name: 'backup',
  usage: '--out FILE | --out FOLDER [--keep N]   [--data DIR] [--json]',
  summary: "Copies a server's SQLite database while the server runs, checks the copy, and keeps the N newest.",
  run: async (args, io) => {
    process.exitCode = await runServerEntry('backup-command.js', args, io.signal)
  },
}
