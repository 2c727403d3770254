import { DomainError } from '../../../shared/errors/domain-error.ts'
import { SURFACE_METHOD } from '../../../shared/mask/label-statistics.ts'
import { meshFormatOf, writeSurface } from '../../../shared/node/take-away.ts'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { readLabels, takeFrom } from '../taken-mask.ts'

const OPTIONS = { label: { type: 'string' }, mode0: { type: 'string' }, json: { type: 'boolean' } } as const

/** `surface`: closed surfaces of labels in the unit of the file. */
export const surfaceCommand: Command = {
  name: 'surface',
  usage: 'MASK OUT.stl|obj|ply [--label N,…] [--json] [--mode0 signed|unsigned]',
  summary: 'Writes the surfaces of the labels of a mask, closed, in the unit and at the place of its voxels.',
  run: async (args, io) => {
    const { values, positionals } = readArguments(args, OPTIONS)
    const [mask, out] = positionals
    if (positionals.length !== 2) throw new DomainError('usage', { reason: 'surface takes one mask and one output.' })
    meshFormatOf(out)
    const labels = readLabels(values.label)
    const ground = { mask, out, mode0: values.mode0, signal: io.signal }
    const { surfaces } = await takeFrom(ground, async (taken) => ({
      method: SURFACE_METHOD.split(':')[0],
      surfaces: await writeSurface(taken, out, labels),
    }))
    if (values.json) return io.out(JSON.stringify({ surfaces }))
    for (const { name, triangles } of surfaces) io.out(`${out}: ${name}, ${triangles} triangles`)
  },
}
