import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { int16Bytes, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import { numVoxels, type Zyx } from '../../../shared/volume/zyx.ts'
import { cacheKey, LevelCache } from './level-cache.ts'
import { OpenVolume } from './open-volume.ts'
import { Pyramid } from './pyramid.ts'

const SHAPE: Zyx = [19, 21, 37]
const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-open-volume-'))
let volume: OpenVolume

beforeAll(async () => {
  const file = path.join(folder, 'volume.mrc')
  const n = [SHAPE[2], SHAPE[1], SHAPE[0]]
  const body = int16Bytes(Array.from({ length: numVoxels(SHAPE) }, (_, i) => i % 100))
  writeFileSync(file, mrcBytes({ n, mode: 1, cell: n, body }))
  const source = await openVolumeFile(file)
  const cache = new LevelCache(path.join(folder, 'levels'), 1e9)
  volume = new OpenVolume('ref', source, new Pyramid(source, cache, await cacheKey(file, null)))
  await volume.pyramid.build(() => undefined)
})
afterAll(async () => {
  await volume.close()
  rmSync(folder, { recursive: true, force: true })
})

const previewOf = (factor: number) => {
  const shape = blockGridShape(SHAPE, factor)
  const voxels = Uint8Array.from({ length: numVoxels(shape) }, (_, i) => i % 3)
  return { stage: 'final_planes', factor, shape_zyx: shape, voxels } as const
}

describe('OpenVolume', () => {
  it('keeps a preview as it came where it is coarser than the level on show', async () => {
    await volume.finestLevel({ maxVoxels: 5000, maxAxis: 2048 })
    const preview = previewOf(4)
    await volume.showPreview('run', preview)
    const labels = await volume.labelLevel()
    expect(labels).toMatchObject({ runRef: 'run', bin: 2, factor: 4, shapeZyx: [5, 6, 10] })
    expect(labels?.voxels).toEqual(preview.voxels)
  })

  it('merges a preview that is finer than the level on show', async () => {
    await volume.finestLevel({ maxVoxels: 5000, maxAxis: 2048 })
    await volume.showPreview('run', previewOf(1))
    expect(await volume.labelLevel()).toMatchObject({ bin: 2, factor: 2, shapeZyx: blockGridShape(SHAPE, 2) })
  })
})
