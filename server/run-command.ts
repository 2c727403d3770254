import { DomainError, envelopeOf } from '../shared/errors/domain-error.ts'

/**
 * Runs a command of the server that the command line started: a problem goes to stderr, as one JSON object with
 * `--json`, and the exit code is 2.
 */
export function runCommand(main: (argv: string[]) => Promise<void>): void {
  const argv = process.argv.slice(2)
  main(argv).catch((error) => {
    const isArgument = String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')
    const known = isArgument ? new DomainError('usage', { reason: `${(error as Error).message}.` }) : error
    if (!(known instanceof DomainError)) console.error(known)
    const envelope = envelopeOf(known)
    console.error(argv.includes('--json') ? JSON.stringify(envelope) : `${envelope.message}\n${envelope.hint}`)
    process.exitCode = 2
  })
}
