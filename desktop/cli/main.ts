#!/usr/bin/env node
import { DomainError, envelopeOf } from '../../shared/errors/domain-error.ts'
import type { Command, CommandIo } from './command.ts'
import { backupCommand } from './commands/backup.ts'
import { convertCommand } from './commands/convert.ts'
import { coordinatesCommand } from './commands/coordinates.ts'
import { cudaProviderCommand } from './commands/cuda-provider.ts'
import { demoCommand } from './commands/demo.ts'
import { doctorCommand } from './commands/doctor.ts'
import { evaluateCommand } from './commands/evaluate.ts'
import { infoCommand } from './commands/info.ts'
import { modelCommand } from './commands/model.ts'
import { modelsCommand } from './commands/models.ts'
import { movieCommand } from './commands/movie.ts'
import { auditCommand, groupCommand, tokenCommand } from './commands/people.ts'
import { postprocessCommand } from './commands/postprocess.ts'
import { reportCommand } from './commands/report.ts'
import { segmentCommand } from './commands/segment.ts'
import { serveCommand } from './commands/serve.ts'
import { statsCommand } from './commands/stats.ts'
import { surfaceCommand } from './commands/surface.ts'
import { uploadCommand } from './commands/upload.ts'

const COMMANDS: readonly Command[] = [
  segmentCommand,
  uploadCommand,
  postprocessCommand,
  infoCommand,
  convertCommand,
  statsCommand,
  evaluateCommand,
  surfaceCommand,
  coordinatesCommand,
  reportCommand,
  movieCommand,
  modelsCommand,
  modelCommand,
  serveCommand,
  backupCommand,
  tokenCommand,
  groupCommand,
  auditCommand,
  doctorCommand,
  cudaProviderCommand,
  demoCommand,
]

function help(): string {
  const lines = COMMANDS.map((command) => `  ${command.name} ${command.usage}\n      ${command.summary}`)
  return ['cryomamba: segment large cryo-EM volumes', '', ...lines].join('\n')
}

/** With `--json` and no terminal, stderr is kept for one problem object: no progress lines there. */
function makeIo(signal: AbortSignal, isJson: boolean): CommandIo {
  const isTerminal = Boolean(process.stderr.isTTY)
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${isTerminal ? '\r\x1b[K' : ''}${line}\n`),
    progress: (text) => void (isTerminal && process.stderr.write(`\r\x1b[K${text}`)),
    line: (text) => void (!isJson && process.stderr.write(`${text}\n`)),
    isTerminal,
    signal,
  }
}

/** A reader that has enough (`| head`), or a terminal that is gone, must not end a run whose result is a file. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!['EPIPE', 'EIO'].includes(error.code ?? '')) throw error
    })
}

async function main(argv: string[]): Promise<number> {
  outliveReaders()
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new DomainError('canceled')))
  process.once('SIGTERM', () => stop.abort(new DomainError('canceled')))
  process.once('SIGHUP', () => {
    // Node itself would abort where it gives back a terminal that is gone; this ends as the signal ends programs.
    process.once('exit', () => void process.kill(process.pid, 'SIGHUP'))
    stop.abort(new DomainError('canceled'))
  })
  const [name, ...args] = argv
  const io = makeIo(stop.signal, args.includes('--json'))
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    io.out(help())
    return 0
  }
  try {
    const command = COMMANDS.find((one) => one.name === name)
    if (!command) throw new DomainError('usage', { reason: `There is no command "${name}".` })
    await command.run(args, io)
    // A command that ran another program took over its exit code.
    return Number(process.exitCode ?? 0)
  } catch (error) {
    report(error, args.includes('--json'), io)
    return 2
  }
}

function report(error: unknown, asJson: boolean, io: CommandIo): void {
  if (process.env.CRYOMAMBA_DEBUG) console.error(error)
  const envelope = envelopeOf(error)
  if (asJson) io.err(JSON.stringify(envelope))
  else io.err(`${envelope.message}\n${envelope.hint}`)
}

process.exitCode = await main(process.argv.slice(2))
