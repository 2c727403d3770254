import { DomainError } from '../../../shared/errors/domain-error.ts'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { formatSeconds, ProgressReport } from '../progress-report.ts'
import { readMode0 } from '../read-mode0.ts'
import { SERVER_OPTIONS, withServer } from '../server-choice.ts'
import { readUploadOptions, sendFile, UPLOAD_OPTIONS } from '../upload-options.ts'

const OPTIONS = { ...SERVER_OPTIONS, ...UPLOAD_OPTIONS, mode0: { type: 'string' }, json: { type: 'boolean' } } as const

/** `upload`: a volume to a server, so that later runs need not send it. */
export const uploadCommand: Command = {
  name: 'upload',
  usage: 'FILE --server URL --token T [--limit 20M] [--parallel N] [--mode0 signed|unsigned] [--json]',
  summary:
    'Sends a volume to a server. After a stop of any kind the same command goes on where it was; a file the server has is not sent again.',
  run: async (args, io) => {
    const { values, positionals } = readArguments(args, OPTIONS)
    if (positionals.length !== 1) throw new DomainError('usage', { reason: 'upload takes one file.' })
    if (values.server === undefined) throw new DomainError('usage', { reason: 'upload needs --server URL.' })
    const choice = readUploadOptions(values)
    const mode0 = readMode0(values.mode0)
    const [file] = positionals
    await withServer(values, async (client) => {
      const report = new ProgressReport(io)
      const startMs = performance.now()
      let sendingMs = 0
      try {
        const volume = await sendFile(
          client,
          {
            ...{ file, mode0, choice, isRemembered: true },
            onProgress: (progress) => {
              if (progress.phase === 'verifying') sendingMs ||= performance.now() - startMs
              report.upload(progress)
            },
          },
          io,
        )
        const seconds = (performance.now() - startMs) / 1000
        report.end()
        const facts = { seconds, sending_seconds: sendingMs / 1000, was_sent: sendingMs > 0 }
        if (values.json) return io.out(JSON.stringify({ volume, ...facts }))
        const how = sendingMs > 0 ? `sent in ${formatSeconds(seconds)}` : 'the server had it already'
        io.out(`${volume.volume_id}  ${volume.filename}: ${how}`)
      } finally {
        report.end()
      }
    })
  },
}
