import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../../build/test-support/mrc-bytes.ts'
import { hasSharedData, SHARED_DATA } from '../../build/test-support/shared-data.ts'
import type { OpenedVolume } from '../formats/raw-voxel-source.ts'
import { reverseTriple } from '../volume/zyx.ts'
import { openVolumeFile } from './volume-file.ts'
import { hashVoxels, measureVolume, valueReader } from './volume-summary.ts'

const FORMATS = path.join(SHARED_DATA, 'formats')

interface Stats {
  min: number
  max: number
  mean: number
  std: number
  nonfinite: number
}

interface Reference {
  expected?: string
  dtype?: string
  shape_zyx?: number[]
  shape_xyz?: number[]
  canonical_zyx?: { shape: number[]; sha256_le_c_order: string }
  sha256_le_c_order?: string
  raw_sha256_le_c_order_zyx?: string
  stats?: Stats
  raw_stats?: Stats
  scaled_stats?: Stats
  affine?: number[][]
  voxel_size_xyz_angstrom?: unknown[]
  voxel_size_xyz?: number[]
  voxels?: {
    zyx?: number[]
    slowest_first?: number[]
    xyz?: number[]
    value?: number | string
    raw?: number | string
  }[]
}

const ENTRIES: { file: string; kind: string; reference: Reference }[] = hasSharedData
  ? JSON.parse(readFileSync(path.join(FORMATS, 'manifest.json'), 'utf8')).entries
  : []
const VOLUMES = ENTRIES.filter(({ kind, reference }) => kind !== 'ome-zarr' && reference.expected !== undefined)

/** numpy's names of the types that are read; RGB, complex and structured ones are refused whatever the manifest says. */
const DTYPES: Record<string, string> = {
  ...{ i1: 'int8', u1: 'uint8', i2: 'int16', u2: 'uint16', i4: 'int32', u4: 'uint32', i8: 'int64', u8: 'uint64' },
  ...{ f2: 'float16', f4: 'float32', f8: 'float64' },
}
const dtypeOf = ({ dtype }: Reference) => DTYPES[dtype?.slice(1) ?? '']
const mustOpen = (reference: Reference) => reference.expected === 'ok' && dtypeOf(reference) !== undefined
const close = (got: number[], wanted: number[], tolerance = 1e-5) =>
  got.every((value, i) => Math.abs(value - wanted[i]) <= tolerance * Math.max(1, Math.abs(wanted[i])))

/** The three sizes of the first volume, as the issue words them: missing ones are 1. */
function firstVolumeZyx({ canonical_zyx, shape_zyx, shape_xyz }: Reference): number[] {
  const xyz = shape_xyz ?? [...(canonical_zyx?.shape ?? shape_zyx ?? [])].reverse()
  return [xyz[2] ?? 1, xyz[1] ?? 1, xyz[0] ?? 1]
}

/** Index z, y, x of a listed voxel in the opened volume; null where it is in a later volume or in stored MRC axes. */
function placeOf(
  reference: Reference,
  voxel: { zyx?: number[]; slowest_first?: number[]; xyz?: number[] },
): [number, number, number] | null {
  if (reference.canonical_zyx) return null
  const xyz = voxel.xyz ?? [...(voxel.zyx ?? voxel.slowest_first ?? [])].reverse()
  return xyz.slice(3).some((index) => index !== 0) ? null : [xyz[2] ?? 0, xyz[1] ?? 0, xyz[0] ?? 0]
}

async function checkVoxels(volume: OpenedVolume, reference: Reference): Promise<void> {
  const read = valueReader({ dtype: volume.header.dtype, scaling: null })
  for (const voxel of reference.voxels ?? []) {
    const place = placeOf(reference, voxel)
    const wanted = voxel.raw ?? voxel.value
    if (!place || wanted === undefined) continue
    const [stored] = await volume.readBox(place, [1, 1, 1])
    expect(read(stored), `voxel ${place}`).toBe(typeof wanted === 'number' ? wanted : Number.NaN)
  }
}

async function checkStats(volume: OpenedVolume, reference: Reference): Promise<void> {
  const wanted = reference.scaled_stats ?? reference.raw_stats ?? reference.stats
  if (!wanted || volume.header.numVolumes > 1) return
  const got = await measureVolume(volume)
  expect(got.nonfinite).toBe(wanted.nonfinite)
  for (const key of ['min', 'max', 'mean', 'std'] as const)
    expect(close([got[key] ?? Number.NaN], [wanted[key]]), `${key} ${got[key]} for ${wanted[key]}`).toBe(true)
}

async function checkEntry(file: string, reference: Reference): Promise<void> {
  const volume = await openVolumeFile(path.join(FORMATS, file))
  try {
    const { header } = volume
    expect(header.shapeZyx).toEqual(firstVolumeZyx(reference))
    expect(header.dtype).toBe(dtypeOf(reference))
    const sha256 =
      reference.canonical_zyx?.sha256_le_c_order ?? reference.sha256_le_c_order ?? reference.raw_sha256_le_c_order_zyx
    expect(await hashVoxels(volume)).toBe(sha256)
    await checkVoxels(volume, reference)
    await checkStats(volume, reference)
    const size = reference.voxel_size_xyz_angstrom ?? reference.voxel_size_xyz?.slice(0, 3)
    if (size?.every((one): one is number => typeof one === 'number' && one > 0 && one < 1e6))
      expect(close(reverseTriple(header.voxelSizeZyx ?? [0, 0, 0]), size)).toBe(true)
    else if (size) expect(header.voxelSizeZyx).toBeNull()
    if (reference.affine) expect(close([...header.affine], reference.affine.flat())).toBe(true)
  } finally {
    await volume.close()
  }
}

describe.runIf(hasSharedData)('real files of the shared corpus', () => {
  for (const { file, reference } of VOLUMES) {
    if (mustOpen(reference))
      it(`${file} reads as independent programs read it`, () => checkEntry(file, reference), 120_000)
    else
      it(`${file} is refused clearly, or opens with a warning where it may`, async () => {
        const opened = { warnings: 0 }
        const code = await codeOf(async () => {
          const volume = await openVolumeFile(path.join(FORMATS, file))
          opened.warnings = volume.header.warnings.length
          await volume.close()
        })
        if (!reference.expected?.startsWith('ok-with')) return expect(code).toMatch(/^format_/)
        if (code === 'ok') {
          expect(opened.warnings).toBeGreaterThan(0)
          await checkEntry(file, reference)
        } else expect(code).toMatch(/^format_/)
      })
  }
})
