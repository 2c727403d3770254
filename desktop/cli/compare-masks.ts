import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { dice, OverlapCounter } from '../../shared/mask/overlap.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'

/** Planes compared at once, in voxels. */
const CHUNK_VOXELS = 4 * 1024 * 1024

/** Labels of a model package on disk. */
export async function labelsOfModel(folder: string): Promise<ModelManifest['labels']> {
  const manifest: ModelManifest = JSON.parse(await readFile(path.join(folder, 'model.json'), 'utf8'))
  return manifest.labels
}

/**
 * Dice per foreground label of a model between two mask files on the same grid; null where a label is in neither.
 * @throws {DomainError} `format_*`, `request_invalid` when the grids differ
 */
export async function compareMasks(
  mask: string,
  reference: string,
  modelFolder: string,
): Promise<{ name: string; dice: number | null }[]> {
  const [first, second] = [await openVolumeFile(mask), await openVolumeFile(reference)]
  try {
    const [nz, ny, nx] = first.header.shapeZyx
    if (first.header.shapeZyx.join() !== second.header.shapeZyx.join()) {
      throw new DomainError('request_invalid', {
        reason: `the masks have the shapes ${first.header.shapeZyx.join(' × ')} and ${second.header.shapeZyx.join(' × ')}`,
      })
    }
    const counter = new OverlapCounter()
    const chunk = Math.max(1, Math.floor(CHUNK_VOXELS / (ny * nx)))
    for (let z = 0; z < nz; z += chunk) {
      const numPlanes = Math.min(chunk, nz - z)
      const slabs = await Promise.all([first.readSlab(z, numPlanes), second.readSlab(z, numPlanes)])
      counter.add(slabs[0] as Uint8Array, slabs[1] as Uint8Array)
    }
    const labels = (await labelsOfModel(modelFolder)).filter((label) => label.value !== 0)
    return labels.map(({ name, value }) => ({ name, dice: dice(counter.overlap(value)) }))
  } finally {
    await first.close()
    await second.close()
  }
}
