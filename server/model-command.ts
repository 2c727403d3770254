import { DomainError, envelopeOf } from '../shared/errors/domain-error.ts'
import { checkModel } from './models/check-model.ts'

/** `cryomamba model check DIR [--json]`, started by the command line. */
async function main([action, folder]: string[], isJson: boolean): Promise<void> {
  if (action !== 'check' || !folder) throw new DomainError('usage', { reason: 'model takes: check DIR.' })
  const { manifest, seconds } = await checkModel(folder)
  const patch = manifest.tiles.patch_zyx.join(' × ')
  if (isJson)
    console.log(JSON.stringify({ id: manifest.id, version: manifest.version, ok: true, seconds_per_tile: seconds }))
  else
    console.log(
      `${manifest.id} ${manifest.version} is in order; one tile of ${patch} took ${seconds.toFixed(2)} s on one CPU thread.`,
    )
}

const isJson = process.argv.includes('--json')
main(
  process.argv.slice(2).filter((word) => word !== '--json'),
  isJson,
).catch((error) => {
  if (!(error instanceof DomainError)) console.error(error)
  const envelope = envelopeOf(error)
  console.error(isJson ? JSON.stringify(envelope) : `${envelope.message}\n${envelope.hint}`)
  process.exitCode = 2
})
