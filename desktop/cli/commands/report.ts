import path from 'node:path'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import { hashVoxels } from '../../../shared/node/volume-summary.ts'
import { writeReport } from '../../../shared/node/write-report.ts'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { checkMaskPlace } from '../mask-place.ts'
import { refuseSameFiles } from '../own-files.ts'
import { packageVersion } from '../package-version.ts'
import { readMode0 } from '../read-mode0.ts'
import { takeFrom } from '../taken-mask.ts'

const OPTIONS = {
  volume: { type: 'string' },
  out: { type: 'string' },
  'ignore-place': { type: 'boolean' },
  mode0: { type: 'string' },
} as const

/** `report`: one page about a mask. */
export const reportCommand: Command = {
  name: 'report',
  usage: 'MASK --volume FILE --out REPORT.html [--ignore-place] [--mode0 signed|unsigned]',
  summary: 'Writes a one-page HTML report: slices with the mask over them, measures of each label, provenance.',
  run: async (args, io) => {
    const { values, positionals } = readArguments(args, OPTIONS)
    const { volume: volumeFile, out, mode0 } = values
    const [mask] = positionals
    if (positionals.length !== 1 || !volumeFile || !out)
      throw new DomainError('usage', { reason: 'report takes one mask, --volume and --out.' })
    if (!/\.html?$/i.test(out)) throw new DomainError('usage', { reason: 'report writes a file that ends in .html.' })
    await refuseSameFiles([{ name: '--volume', file: volumeFile }], [{ name: '--out', file: out }])
    const volume = await openVolumeFile(volumeFile, { mode0: readMode0(mode0), signal: io.signal })
    try {
      const volumeName = path.basename(volumeFile)
      const { warnings } = await takeFrom({ mask, out, mode0, signal: io.signal }, async (taken) => {
        checkMaskPlace(taken.header, volume.header, { name: path.basename(mask), ignoresPlace: values['ignore-place'] })
        const facts = {
          mask: path.basename(mask),
          volume: { filename: volumeName, sha256: await hashVoxels(volume, io.signal) },
        }
        const provenance = { ...facts, program: { name: 'cryomamba', version: packageVersion() } }
        const input = { mask: taken, volume, volumeName, provenance, programVersion: packageVersion() }
        return { ...facts, ...(await writeReport(out, input)) }
      })
      for (const { message } of warnings) io.err(`Warning: ${message}`)
      io.out(out)
    } finally {
      await volume.close()
    }
  },
}
