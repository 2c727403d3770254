import { DomainError } from '../../../shared/errors/domain-error.ts'
import { readArguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { readNeighbours, readObjectVoxels, readShare, readWhole } from '../run-params.ts'
import { saveMask } from '../save-mask.ts'
import { maskNameFor } from '../segment-volume.ts'
import { SERVER_OPTIONS, withServer } from '../server-choice.ts'

const OPTIONS = {
  ...SERVER_OPTIONS,
  out: { type: 'string' },
  threshold: { type: 'string' },
  'smallest-object': { type: 'string' },
  'keep-largest': { type: 'string' },
  neighbours: { type: 'string' },
  json: { type: 'boolean' },
} as const

/** `postprocess`: another mask of a finished job, without the network. */
export const postprocessCommand: Command = {
  name: 'postprocess',
  usage:
    'JOB --server URL --token T --out MASK [--threshold P] [--smallest-object VOXELS] [--keep-largest LABEL,…] [--neighbours 6|26] [--json]',
  summary: 'Makes another mask from the probability that a job on a server kept.',
  run: async (args, io) => {
    const { values, positionals } = readArguments(args, OPTIONS)
    const { out, threshold, neighbours, 'smallest-object': smallest, 'keep-largest': largest } = values
    if (positionals.length !== 1 || values.server === undefined || out === undefined)
      throw new DomainError('usage', { reason: 'postprocess takes one job, --server and --out.' })
    const name = maskNameFor(out)
    const body = {
      ...(threshold === undefined ? {} : { threshold: readShare(threshold) }),
      ...(smallest === undefined ? {} : { smallest_object_voxels: readObjectVoxels(smallest) }),
      ...(neighbours === undefined ? {} : { neighbours: readNeighbours(neighbours) }),
      ...(largest === undefined
        ? {}
        : { keep_largest: largest.split(',').map((label) => readWhole('--keep-largest', label.trim())) }),
    }
    await withServer(values, async (client) => {
      const made = await client.postprocess(positionals[0], body)
      const artifact = made.artifacts.find((one) => one.name.endsWith(name.replace(/^mask/, '')))
      if (!artifact) throw new DomainError('artifact_not_found', { name })
      await saveMask(client, artifact, out, io)
      const { labels, mask_sha256 } = made
      if (values.json) return io.out(JSON.stringify({ labels, mask_sha256 }))
      const counts = Object.entries(labels).map(([label, voxels]) => `${label}: ${voxels}`)
      io.out(`${out}: voxels by label ${counts.join(', ')}`)
    })
  },
}
