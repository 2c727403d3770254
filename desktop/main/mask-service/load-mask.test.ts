import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { int16Bytes, type MrcWords, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { openVolumeFile, writeVolumeFile } from '../../../shared/node/volume-file.ts'
import type { VolumeHeader } from '../../../shared/volume/header.ts'
import { loadMask } from './load-mask.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-load-mask-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let counter = 0
const fileOf = (ending: string) => path.join(folder, `${++counter}.${ending}`)

// A cube: its shape says nothing of turned axes.
const EDGE = 6
const N = EDGE ** 3

/** A NIfTI cube of 2 mm voxels whose axes x, y, z run as the columns of the rows say. */
function nifti(rows: number[], codes: { sform?: number } = {}): string {
  const bytes = new Uint8Array(352 + 2 * N)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, 348, true)
  for (const [i, value] of [3, EDGE, EDGE, EDGE, 1, 1, 1, 1].entries()) view.setInt16(40 + 2 * i, value, true)
  view.setInt16(70, 4, true)
  view.setInt16(72, 16, true)
  for (const [i, value] of [1, 2, 2, 2].entries()) view.setFloat32(76 + 4 * i, value, true)
  view.setFloat32(108, 352, true)
  view.setUint8(123, 2)
  view.setInt16(254, codes.sform ?? 1, true)
  for (const [i, value] of rows.entries()) view.setFloat32(280 + 4 * i, value, true)
  bytes.set(Buffer.from('n+1\0', 'latin1'), 344)
  const file = fileOf('nii')
  writeFileSync(file, bytes)
  return file
}

function nrrd(lines: string[]): string {
  const file = fileOf('nrrd')
  const head = ['NRRD0004', 'type: short', 'dimension: 3', `sizes: ${EDGE} ${EDGE} ${EDGE}`, 'endian: little']
  const text = [...head, 'encoding: raw', ...lines].join('\n')
  writeFileSync(file, Buffer.concat([Buffer.from(`${text}\n\n`), Buffer.alloc(2 * N)]))
  return file
}

function mrc(words: MrcWords = {}): string {
  const file = fileOf('mrc')
  const edges = [EDGE, EDGE, EDGE]
  writeFileSync(file, mrcBytes({ n: edges, cell: [60, 60, 60], body: int16Bytes(new Array(N).fill(1)), ...words }))
  return file
}

async function headerOf(file: string): Promise<VolumeHeader> {
  const source = await openVolumeFile(file)
  await source.close()
  return source.header
}

const load = async (mask: string, volume: string) => loadMask(mask, await headerOf(volume), undefined)

const UPRIGHT = [2, 0, 0, 10, 0, 2, 0, 20, 0, 0, 2, 30]
const VOLUMES: Record<string, () => string> = {
  'an upright NIfTI': () => nifti(UPRIGHT),
  'a NIfTI with mirrored and permuted axes': () => nifti([0, -2, 0, 10, 0, 0, 2, 20, -2, 0, 0, 30]),
  'an oblique NIfTI': () => nifti([1.9, -0.6, 0, 1, 0.6, 1.9, 0, 2, 0, 0, 2, 3]),
  'a NIfTI without any transform': () => nifti([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], { sform: 0 }),
  'an LPS NRRD': () =>
    nrrd(['space: left-posterior-superior', 'space directions: (2,0,0) (0,2,0) (0,0,2)', 'space origin: (5,6,7)']),
  'a turned NRRD in an unnamed space': () =>
    nrrd(['space dimension: 3', 'space directions: (0,0,2) (2,0,0) (0,-2,0)', 'space origin: (5,6,7)']),
  'an MRC with an origin': () => mrc({ origin: [100, 200, 300] }),
  'an MRC with permuted axes': () => mrc({ mapcrs: [3, 1, 2], nstart: [4, 5, 6] }),
}

describe('a mask that was written on the grid of a volume', () => {
  it.each(Object.keys(VOLUMES).flatMap((name) => ['mrc', 'nii.gz', 'nrrd'].map((ending) => [name, ending] as const)))(
    'fits %s as %s',
    async (name, ending) => {
      const volume = VOLUMES[name]()
      const source = await openVolumeFile(volume)
      const mask = fileOf(ending)
      const output = {
        shapeZyx: source.header.shapeZyx,
        dtype: 'uint8',
        kind: 'labels',
        source: source.header,
      } as const
      await writeVolumeFile(mask, output, { readBox: async (_start, [z, y, x]) => new Uint8Array(z * y * x) })
      await source.close()
      expect((await load(mask, volume)).warnings).toEqual([])
    },
  )
})

describe('a mask on another grid of the same shape and voxel size', () => {
  it.each([
    [
      'mirrored',
      [-2, 0, 0, 10, 0, 2, 0, 20, 0, 0, 2, 30],
      'its axes x, y, z run to left, anterior, superior, those of the volume to right, anterior, superior',
    ],
    ['permuted', [0, 2, 0, 10, 2, 0, 0, 20, 0, 0, 2, 30], 'its axes x, y, z run to anterior, right, superior'],
    ['turned by some degrees', [1.9, -0.6, 0, 10, 0.6, 1.9, 0, 20, 0, 0, 2, 30], 'turned against the volume'],
    ['shifted', [2, 0, 0, 16, 0, 2, 0, 20, 0, 0, 2, 26], 'it begins 3, 0, -2 voxels (x, y, z) from the first voxel'],
  ])('is refused where both files say so: %s', async (_name, rows, reason) => {
    await expect(load(nifti(rows), nifti(UPRIGHT))).rejects.toMatchObject({
      code: 'mask_grid_differs',
      message: expect.stringContaining(reason),
    })
  })

  it('is refused across formats, in one world', async () => {
    const lps = (origin: string) =>
      nrrd(['space: LPS', 'space directions: (-2,0,0) (0,-2,0) (0,0,2)', `space origin: ${origin}`])
    expect((await load(lps('(-10,-20,30)'), nifti(UPRIGHT))).warnings).toEqual([])
    await expect(load(lps('(10,20,30)'), nifti(UPRIGHT))).rejects.toMatchObject({ code: 'mask_grid_differs' })
  })

  it('fits where a shift is no more than the corner of a voxel', async () => {
    const half = [2, 0, 0, 11, 0, 2, 0, 21, 0, 0, 2, 31]
    expect((await load(nifti(half), nifti(UPRIGHT))).warnings).toEqual([])
  })

  it('fits where one of them states no directions', async () => {
    expect((await load(nifti(UPRIGHT), mrc({ cell: [0, 0, 0] }))).warnings).toEqual([])
    expect((await load(nifti(new Array(12).fill(0), { sform: 0 }), nifti(UPRIGHT))).warnings).toEqual([])
  })
})

describe('an MRC mask over an MRC volume', () => {
  it('is taken with a warning where both have an origin and these differ', async () => {
    const { warnings, bricks } = await load(mrc({ origin: [130, 200, 300] }), mrc({ origin: [100, 200, 300] }))
    expect(warnings).toEqual([
      {
        code: 'mask_place_differs',
        message: expect.stringContaining('it begins 3, 0, 0 voxels (x, y, z) from the first voxel of the volume.'),
      },
    ])
    expect(bricks.at(1, 1, 1)).toBe(1)
  })

  it.each([
    ['the mask', [0, 0, 0], [100, 200, 300]],
    ['the volume', [100, 200, 300], [0, 0, 0]],
  ])('is taken without a word where %s has none', async (_name, of, under) => {
    expect((await load(mrc({ origin: of }), mrc({ origin: under }))).warnings).toEqual([])
  })
})
