import path from 'node:path'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { planesOf } from '../../../shared/node/take-away.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import { hashVoxels } from '../../../shared/node/volume-summary.ts'
import { writeProvenance } from '../../../shared/node/write-export.ts'
import { writeMovie } from '../../../shared/node/write-movie.ts'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { checkMaskPlace } from '../mask-place.ts'
import { refuseSameFiles } from '../own-files.ts'
import { packageVersion } from '../package-version.ts'
import { readMode0 } from '../read-mode0.ts'
import { readWhole } from '../run-params.ts'

const OPTIONS = {
  mask: { type: 'string' },
  fps: { type: 'string' },
  size: { type: 'string' },
  'ignore-place': { type: 'boolean' },
  mode0: { type: 'string' },
} as const

/** `movie`: a GIF through the slices. */
export const movieCommand: Command = {
  name: 'movie',
  usage: 'VOLUME OUT.gif [--mask MASK] [--ignore-place] [--fps N] [--size PIXELS] [--mode0 signed|unsigned]',
  summary: 'Writes a movie through the slices of a volume, with a mask over them and a scale bar.',
  run: async (args, io) => {
    const { values, positionals } = readArguments(args, OPTIONS)
    const [file, out] = positionals
    if (positionals.length !== 2) throw new DomainError('usage', { reason: 'movie takes one volume and one output.' })
    if (!/\.gif$/i.test(out)) throw new DomainError('usage', { reason: 'movie writes a file that ends in .gif.' })
    const framesPerSecond = between('--fps', values.fps ?? '10', [1, 50])
    const longestPx = between('--size', values.size ?? '512', [64, 2048])
    const options = { mode0: readMode0(values.mode0), signal: io.signal }
    const masks = values.mask === undefined ? [] : [{ name: '--mask', file: values.mask }]
    await refuseSameFiles([{ name: 'VOLUME', file }, ...masks], [{ name: 'OUT', file: out }])
    const volume = await openVolumeFile(file, options)
    const mask = values.mask ? await openVolumeFile(values.mask, options).catch(closeFirst(volume)) : null
    try {
      if (mask && values.mask) {
        const name = path.basename(values.mask)
        checkMaskPlace(mask.header, volume.header, { name, ignoresPlace: values['ignore-place'] })
      }
      const taken = mask && { header: mask.header, planes: () => planesOf(mask, io.signal), labels: [] }
      const onProgress = (done: number, total: number) => io.progress(`${done} of ${total} slices`)
      const movie = { volume, mask: taken, framesPerSecond, longestPx, onProgress, signal: io.signal }
      const { frames } = await writeMovie(out, movie)
      const input = { filename: path.basename(file), sha256: await hashVoxels(volume, io.signal) }
      const over = mask && values.mask ? { filename: path.basename(values.mask), sha256: await hashVoxels(mask) } : null
      await writeProvenance(out, { input, mask: over, frames, frames_per_second: framesPerSecond }, packageVersion())
      io.out(`${out}: ${frames} slices`)
    } finally {
      await volume.close()
      await mask?.close()
    }
  },
}

function closeFirst(volume: { close(): Promise<void> }) {
  return async (error: unknown): Promise<never> => {
    await volume.close()
    throw error
  }
}

function between(name: string, text: string, [low, high]: readonly [number, number]): number {
  const value = readWhole(name, text)
  if (value < low || value > high) throw new DomainError('usage', { reason: `${name} takes ${low} to ${high}.` })
  return value
}
