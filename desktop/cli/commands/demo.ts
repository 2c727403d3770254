import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { createClient } from '../../../shared/client/client.ts'
import type { JobResult } from '../../../shared/contract/jobs.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import { readArguments } from '../arguments.ts'
import type { Command, CommandIo } from '../command.ts'
import { compareMasks } from '../compare-masks.ts'
import { writeSlicePicture } from '../pictures/write-slice-picture.ts'
import { formatSeconds } from '../progress-report.ts'
import { segmentVolume } from '../segment-volume.ts'
import { startEmbeddedServer } from '../server-process.ts'

const RESOURCES = path.resolve(import.meta.dirname, '../../../../resources')

/** Small parts, so that the sample of a few MB is sent in many. */
const DEMO_CHUNK_BYTES = 256 * 1024

const DEMO_MODEL = 'demo-cryoet-unet'

/** `demo`: the main job from end to end on the bundled sample, against its ground truth. */
export const demoCommand: Command = {
  name: 'demo',
  usage: '[--out DIR]',
  summary: 'Segments the bundled synthetic tomogram and compares the mask with its ground truth.',
  run: async (args, io) => {
    const { values } = readArguments(args, { out: { type: 'string' } })
    const folder = path.resolve(values.out ?? 'demo-out')
    const startMs = performance.now()
    await mkdir(folder, { recursive: true })
    const result = await segmentSample(folder, io)
    const truth = path.join(RESOURCES, 'sample/sample-labels.mrc')
    await checkMask(path.join(folder, 'mask.mrc'), result)
    io.out('Dice against the ground truth (synthetic sample, demonstration model trained on synthetic data):')
    for (const { name, dice } of await compareMasks(
      path.join(folder, 'mask.mrc'),
      truth,
      path.join(RESOURCES, 'models', DEMO_MODEL),
    )) {
      io.out(`  ${name.padEnd(12)} ${dice === null ? 'absent' : dice.toFixed(3)}`)
    }
    const picture = path.join(folder, 'slice.png')
    await writeSlicePicture(
      path.join(RESOURCES, 'sample/sample.mrc'),
      path.join(folder, 'mask.mrc'),
      path.join(RESOURCES, 'models', DEMO_MODEL),
      picture,
    )
    io.out(
      `Files in ${path.relative(process.cwd(), folder) || '.'}: mask.mrc, mask.nii.gz, mask.nrrd, stats.json, provenance.json, slice.png`,
    )
    io.out(`Done in ${formatSeconds((performance.now() - startMs) / 1000)}.`)
  },
}

async function segmentSample(folder: string, io: CommandIo): Promise<JobResult> {
  io.out('Starting a server on a free port …')
  const server = await startEmbeddedServer({
    env: { CRYOMAMBA_MIN_CHUNK_BYTES: String(DEMO_CHUNK_BYTES), CRYOMAMBA_CHUNK_BYTES: String(DEMO_CHUNK_BYTES) },
  })
  try {
    io.out(`Server at ${server.url}`)
    const client = createClient(server)
    const file = path.join(RESOURCES, 'sample/sample.mrc')
    const { job, artifacts } = await segmentVolume(client, { files: [file], model: DEMO_MODEL, params: {} }, io)
    if (!job.result) throw new DomainError('internal')
    for (const artifact of artifacts)
      await client.downloadArtifact(artifact, path.join(folder, artifact.name), { signal: io.signal })
    const { tiles, seconds, previews } = job.result
    io.out(
      `Segmented: ${tiles} tiles in ${seconds.toFixed(1)} s (${(tiles / seconds).toFixed(2)} tiles/s), ${previews} previews received`,
    )
    return job.result
  } finally {
    await server.stop()
  }
}

/** The downloaded mask must hold the voxels that the server counted. @throws {DomainError} `artifact_hash_mismatch` */
async function checkMask(file: string, result: JobResult): Promise<void> {
  const source = await openVolumeFile(file)
  try {
    const counts = new Map<number, number>()
    for (let z = 0; z < source.header.shapeZyx[0]; z++) {
      for (const label of await source.readSlab(z, 1)) counts.set(Number(label), (counts.get(Number(label)) ?? 0) + 1)
    }
    for (const [label, expected] of Object.entries(result.labels)) {
      const found = counts.get(Number(label)) ?? 0
      if (found !== expected)
        throw new DomainError('artifact_hash_mismatch', {
          name: 'mask.mrc',
          found: `${found} voxels of label ${label}`,
          expected,
        })
    }
  } finally {
    await source.close()
  }
}
