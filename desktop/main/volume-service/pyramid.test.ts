import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { int16Bytes, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import { readFullPlane, slabOf } from './full-planes.ts'
import { cacheKey, LevelCache } from './level-cache.ts'
import { Pyramid } from './pyramid.ts'
import { coarseToFine } from './sampled-level.ts'

// No axis is a multiple of a brick or a block.
const SHAPE = [19, 21, 37] as const
const [NZ, NY, NX] = SHAPE
const voxels = Int16Array.from({ length: NZ * NY * NX }, (_, i) => (i * 7919) % 256)
const at = (z: number, y: number, x: number) => voxels[(z * NY + y) * NX + x]
const EVERYTHING = { maxVoxels: 1e9, maxAxis: 2048 }

let folder: string
let file: string
let source: VoxelSource

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-levels-'))
  file = path.join(folder, 'volume.mrc')
  const n = [NX, NY, NZ]
  writeFileSync(file, mrcBytes({ n, mode: 1, cell: n, body: int16Bytes(voxels) }))
  source = await openVolumeFile(file)
})
afterEach(async () => {
  await source.close()
  rmSync(folder, { recursive: true, force: true })
})

const cacheOf = (mostBytes: number) => new LevelCache(path.join(folder, 'levels'), mostBytes)
const pyramidOf = async (cache: LevelCache) => new Pyramid(source, cache, await cacheKey(file, null))
/** File value of a code, to within half a step. */
const fileValue = (code: number, { low, high }: { low: number; high: number }) => low + (code / 255) * (high - low)

describe('Pyramid', () => {
  it('has no level before the file was read, then every bin within the limits', async () => {
    const pyramid = await pyramidOf(cacheOf(1e9))
    expect(await pyramid.finest(EVERYTHING)).toBeNull()
    const planes: number[] = []
    await pyramid.build((done) => planes.push(done))
    expect(planes).toEqual([8, 16, 19])
    for (const [maxVoxels, bin] of [
      [1e9, 1],
      [10_000, 2],
      [1_000, 4],
      [100, 8],
      [1, 8],
    ])
      expect((await pyramid.finest({ maxVoxels, maxAxis: 2048 }))?.bin).toBe(bin)
    await pyramid.close()
  })

  it('gives the file itself at bin 1, and means of blocks above', async () => {
    const pyramid = await pyramidOf(cacheOf(1e9))
    await pyramid.build(() => undefined)
    const fine = await pyramid.finest(EVERYTHING)
    if (!fine) throw new Error('no level')
    const step = (fine.high - fine.low) / 255
    for (let i = 0; i < voxels.length; i++)
      expect(
        Math.abs(fileValue(fine.voxels[i], fine) - Math.min(fine.high, Math.max(fine.low, voxels[i]))),
      ).toBeLessThan(step * 0.51)
    const coarse = await pyramid.finest({ maxVoxels: 1_000, maxAxis: 2048 })
    expect(coarse?.shapeZyx).toEqual(blockGridShape(SHAPE, 4))
    let sum = 0
    for (let z = 16; z < 19; z++) for (let y = 20; y < 21; y++) for (let x = 36; x < 37; x++) sum += at(z, y, x)
    expect(coarse && Math.abs(fileValue(coarse.voxels.at(-1) ?? 0, coarse) - sum / 3)).toBeLessThan(step * 0.51)
    await pyramid.close()
  })

  it('finds its levels again without reading, and builds them anew when the file changed or a level is damaged', async () => {
    const first = await pyramidOf(cacheOf(1e9))
    await first.build(() => undefined)
    await first.close()
    const again = await pyramidOf(cacheOf(1e9))
    expect((await again.finest(EVERYTHING))?.bin).toBe(1)
    await again.close()
    const [entry] = readdirSync(path.join(folder, 'levels'))
    writeFileSync(path.join(folder, 'levels', entry, 'level-4.u8'), new Uint8Array(5 * 6 * 10))
    const damaged = await pyramidOf(cacheOf(1e9))
    expect(await damaged.finest({ maxVoxels: 1_000, maxAxis: 2048 })).toBeNull()
    expect(readdirSync(path.join(folder, 'levels'))).toEqual([])
    await damaged.build(() => undefined)
    await damaged.close()
    utimesSync(file, 1, 1)
    const changed = await pyramidOf(cacheOf(1e9))
    expect(await changed.finest(EVERYTHING)).toBeNull()
    await changed.close()
  })

  it('leaves nothing behind when it is closed while it reads', async () => {
    const pyramid = await pyramidOf(cacheOf(1e9))
    const built = pyramid.build(() => void pyramid.close())
    await expect(built).rejects.toMatchObject({ code: 'canceled' })
    expect(readdirSync(path.join(folder, 'levels'))).toEqual([])
  })

  it('does without the bricks where there is no room for them', async () => {
    const pyramid = await pyramidOf(cacheOf(5_000))
    await pyramid.build(() => undefined)
    expect((await pyramid.finest(EVERYTHING))?.bin).toBe(2)
    expect(pyramid.bricks).toBeNull()
    await pyramid.close()
  })

  it('drops the least recently used entry first', async () => {
    const cache = cacheOf(20_000)
    for (const key of ['a', 'b', 'c']) {
      const partial = await cache.begin(8_000)
      writeFileSync(path.join(partial, 'level-2.u8'), new Uint8Array(8_000))
      await cache.commit(partial, key, { low: 0, high: 1, levels: [], bricks: null })
      if (key === 'b') await new Promise((resolve) => setTimeout(resolve, 20))
      if (key === 'b') await cache.find('a')
    }
    expect(readdirSync(path.join(folder, 'levels')).toSorted()).toEqual(['a', 'c'])
  })

  it('samples a picture whose range holds the values', async () => {
    const pyramid = await pyramidOf(cacheOf(1e9))
    const level = await pyramid.sampled({ maxVoxels: 16_000, maxAxis: 2048 })
    expect([level.bin, level.shapeZyx]).toEqual([4, blockGridShape(SHAPE, 4)])
    expect(Math.abs(fileValue(level.voxels[0], level) - at(2, 2, 2))).toBeLessThan((level.high - level.low) / 255)
    await pyramid.close()
  })
})

describe('readFullPlane', () => {
  const range = { low: 0, high: 255 }
  const planes = [
    { fileAxis: 2, shape: [NY, NX], voxel: (i: number, r: number, c: number) => at(i, r, c) },
    { fileAxis: 1, shape: [NZ, NX], voxel: (i: number, r: number, c: number) => at(r, i, c) },
    { fileAxis: 0, shape: [NZ, NY], voxel: (i: number, r: number, c: number) => at(r, c, i) },
  ] as const

  it('is the plane of the file across each axis, from the file and from bricks', async () => {
    const pyramid = await pyramidOf(cacheOf(1e9))
    await pyramid.build(() => undefined)
    const kept = pyramid.range
    for (const bricks of [null, pyramid.bricks])
      for (const { fileAxis, shape, voxel } of planes) {
        const request = { fileAxis, index: 17, thickness: 1, projection: 'mean' } as const
        const used = bricks && kept ? kept : range
        const plane = await readFullPlane({ source, range: used, bricks, isChunked: false }, request)
        expect(plane?.shape).toEqual(shape)
        const step = (used.high - used.low) / 255
        for (let r = 0; r < shape[0]; r++)
          for (let c = 0; c < shape[1]; c++) {
            const wanted = Math.min(used.high, Math.max(used.low, voxel(17, r, c)))
            expect(Math.abs(fileValue(plane?.codes[r * shape[1] + c] ?? 0, used) - wanted)).toBeLessThan(step * 0.51)
          }
      }
    await pyramid.close()
  })

  it('puts the planes of a slab together by mean, minimum and maximum', async () => {
    for (const { fileAxis, shape, voxel } of planes)
      for (const projection of ['mean', 'min', 'max'] as const) {
        const request = { fileAxis, index: 0, thickness: 5, projection }
        const plane = await readFullPlane({ source, range, bricks: null, isChunked: false }, request)
        const three = [0, 1, 2].map((i) => voxel(i, 4, 5))
        const sum = three[0] + three[1] + three[2]
        const wanted = { mean: Math.round(sum / 3), min: Math.min(...three), max: Math.max(...three) }[projection]
        expect(plane?.codes[4 * shape[1] + 5]).toBe(wanted)
      }
  })
})

describe('slabOf', () => {
  it('takes the planes that exist, centred', () => {
    expect(slabOf(10, 5, 3)).toEqual({ start: 4, count: 3 })
    expect(slabOf(10, 0, 5)).toEqual({ start: 0, count: 3 })
    expect(slabOf(10, 9, 4)).toEqual({ start: 8, count: 2 })
  })
})

describe('coarseToFine', () => {
  it('takes each plane once, and the first few lie far apart', () => {
    for (const length of [1, 2, 7, 19]) {
      const order = coarseToFine(length)
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i))
    }
    expect(coarseToFine(16).slice(0, 3)).toEqual([8, 4, 12])
  })
})
