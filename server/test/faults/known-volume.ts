import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import type { ByteSource } from '../../../shared/volume/header.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'
import { makeMrc } from '../make-mrc.ts'
import { THRESHOLD } from '../threshold-model.ts'
import type { Random } from './seeded-random.ts'

/** A volume whose mask is known without the product: label 1 where a voxel is above the threshold of the network. */
export interface KnownVolume {
  bytes: Uint8Array
  sha256: string
  shapeZyx: Zyx
  expected: Uint8Array
}

export function knownVolume(random: Random, shapeZyx: Zyx): KnownVolume {
  const length = shapeZyx[0] * shapeZyx[1] * shapeZyx[2]
  const voxels = Float32Array.from({ length }, () => Math.fround(random.next() * 2 * THRESHOLD))
  const bytes = makeMrc(voxels, shapeZyx)
  return { bytes, sha256: sha256Of(bytes), shapeZyx, expected: voxels.reduce(label, new Uint8Array(length)) }
}

function label(mask: Uint8Array, value: number, index: number): Uint8Array {
  mask[index] = value > THRESHOLD ? 1 : 0
  return mask
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function sourceOf(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    sizeBytes: bytes.length,
    read: async (offset, length) => bytes.slice(offset, offset + length),
    close: async () => undefined,
  }
}

/** Voxels of a mask file, read by hand so that the check does not lean on the reader of the product; null: not a mask's. */
export async function maskVoxels(file: string, name: string): Promise<Uint8Array | null> {
  const bytes = await readFile(file)
  if (name === 'mask.mrc') return bytes.subarray(1024 + bytes.readInt32LE(92))
  if (name === 'mask.nii.gz') {
    const whole = gunzipSync(bytes)
    return whole.subarray(whole.readFloatLE(108))
  }
  if (name === 'mask.nrrd') {
    const end = bytes.indexOf('\n\n')
    const isGzip = /encoding:\s*gzip/.test(bytes.subarray(0, end).toString('latin1'))
    const data = bytes.subarray(end + 2)
    return isGzip ? gunzipSync(data) : data
  }
  return null
}

/** Where two masks differ first, or null. */
export function firstDifference(found: Uint8Array, expected: Uint8Array): string | null {
  if (found.length !== expected.length) return `${found.length} voxels instead of ${expected.length}`
  const index = found.findIndex((value, at) => value !== expected[at])
  return index < 0 ? null : `voxel ${index} is ${found[index]} instead of ${expected[index]}`
}
