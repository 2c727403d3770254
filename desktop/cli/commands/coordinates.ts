import { DomainError } from '../../../shared/errors/domain-error.ts'
import { writeCoordinates } from '../../../shared/node/take-away.ts'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { readObjectVoxels } from '../run-params.ts'
import { readLabels, takeFrom } from '../taken-mask.ts'

const OPTIONS = {
  label: { type: 'string' },
  'smallest-object': { type: 'string' },
  tomogram: { type: 'string' },
  mode0: { type: 'string' },
  json: { type: 'boolean' },
} as const

/** `coordinates`: centres of objects, for particle programs and tables. */
export const coordinatesCommand: Command = {
  name: 'coordinates',
  usage:
    'MASK OUT.star|csv [--label N,…] [--smallest-object VOXELS] [--tomogram NAME] [--json] [--mode0 signed|unsigned]',
  summary: 'Writes the centres of the objects of a mask: a particle table of RELION, or CSV with sizes and boxes.',
  run: async (args, io) => {
    const { values, positionals } = readArguments(args, OPTIONS)
    const [mask, out] = positionals
    if (positionals.length !== 2)
      throw new DomainError('usage', { reason: 'coordinates takes one mask and one output.' })
    const smallest = values['smallest-object']
    const smallestVoxels = smallest === undefined ? 0 : readObjectVoxels(smallest)
    const labels = readLabels(values.label)
    const ground = { mask, out, mode0: values.mode0, signal: io.signal }
    const made = await takeFrom(ground, async (taken, name) => {
      const asked = { labels, smallestVoxels, name: values.tomogram ?? name }
      return { labels, smallest_object_voxels: smallestVoxels, ...(await writeCoordinates(taken, out, asked)) }
    })
    if (values.json) return io.out(JSON.stringify({ objects: made.objects }))
    io.out(`${out}: ${made.objects} objects`)
  },
}
