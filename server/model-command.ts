import { DomainError, envelopeOf } from '../shared/errors/domain-error.ts'
import { readModelCommand } from './model-arguments.ts'
import { checkModel } from './models/check-model.ts'
import { type ImportRequest, importModel } from './models/import-package.ts'
import type { ModelPackage } from './models/load-package.ts'

/** `cryomamba model check DIR` and `model import …`, started by the command line. */
async function main(argv: string[], isJson: boolean, signal: AbortSignal): Promise<void> {
  const command = readModelCommand(argv)
  if (command.action === 'check') report(await checkModel(command.folder, undefined, signal), isJson)
  else await importAndReport(command.request, isJson, signal)
}

async function importAndReport(request: ImportRequest, isJson: boolean, signal: AbortSignal): Promise<void> {
  const { notes, ...made } = await importModel(request, signal)
  if (isJson) return report(made, isJson, { folder: made.folder, notes })
  for (const note of notes) console.error(note)
  const { spacing, mirror_axes_allowed: mirror, labels } = made.manifest
  console.log(
    `${made.folder} is written: ${labels.length} labels, voxels of ${spacing.target_zyx?.join(' × ')} ${spacing.unit}, mirroring ${mirror.join(', ') || 'not allowed'}.`,
  )
  report(made, isJson)
}

function report(
  { manifest, network, seconds }: ModelPackage & { seconds: number | null },
  isJson: boolean,
  more: object = {},
): void {
  const { id, version, tiles } = manifest
  const { tilesPerRun } = network
  const fixed = tilesPerRun === null ? {} : { tiles_per_run: tilesPerRun }
  if (isJson) console.log(JSON.stringify({ id, version, ok: true, seconds_per_tile: seconds, ...fixed, ...more }))
  else if (seconds === null)
    console.log(`${id} ${version} is in order as far as its files go; its network was not run.`)
  else {
    const patch = tiles.patch_zyx.join(' × ')
    console.log(`${id} ${version} is in order; one tile of ${patch} took ${seconds.toFixed(2)} s on one CPU thread.`)
  }
  if (!isJson && tilesPerRun !== null)
    console.log(`Its network takes ${tilesPerRun} ${tilesPerRun === 1 ? 'tile' : 'tiles'} at a time and nothing else.`)
}

const isJson = process.argv.includes('--json')
const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())
main(process.argv.slice(2), isJson, stop.signal).catch((error) => {
  if (!(error instanceof DomainError)) console.error(error)
  const envelope = envelopeOf(error)
  console.error(isJson ? JSON.stringify(envelope) : `${envelope.message}\n${envelope.hint}`)
  process.exitCode = 2
})
