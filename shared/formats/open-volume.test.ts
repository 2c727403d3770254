import { expect, it } from 'vitest'
import { makeMrc, makeVoxels } from '../../server/test/make-mrc.ts'
import type { ByteSource } from '../volume/header.ts'
import { encodeNifti } from './nifti/encode-nifti.ts'
import { openVolume } from './open-volume.ts'

const SHAPE = [3, 5, 7] as const
const VOXELS = makeVoxels(SHAPE)

/** A Blob, as a browser has it for a dropped file. */
function blobSource(blob: Blob, name: string): ByteSource & { bytesRead: number } {
  return {
    name,
    sizeBytes: blob.size,
    bytesRead: 0,
    async read(offset, length) {
      this.bytesRead += length
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
    },
    close: async () => undefined,
  }
}

it('reads an MRC from a Blob, and of its voxels only what is asked for', async () => {
  const shape = [40, 100, 120] as const
  const voxels = makeVoxels(shape)
  const source = blobSource(new Blob([makeMrc(voxels, shape) as BlobPart]), 'a.mrc')
  const volume = await openVolume(source)
  const headBytes = source.bytesRead
  expect([...(await volume.readSlab(7, 2))]).toEqual([...voxels.subarray(7 * 12000, 9 * 12000)])
  expect(source.bytesRead - headBytes).toBe(2 * 12000 * 4)
})

it('reads a NIfTI and a raw NRRD from a Blob', async () => {
  const mrc = await openVolume(blobSource(new Blob([makeMrc(VOXELS, SHAPE) as BlobPart]), 'a.mrc'))
  const { bytes } = encodeNifti({ shapeZyx: SHAPE, dtype: 'float32', kind: 'scalar', source: mrc.header })
  const nifti = await openVolume(blobSource(new Blob([bytes as BlobPart, VOXELS as BlobPart]), 'a.nii'))
  expect([...(await nifti.readBox([1, 2, 3], [2, 2, 2]))]).toEqual([...(await mrc.readBox([1, 2, 3], [2, 2, 2]))])
  const text = 'NRRD0004\ntype: float\ndimension: 3\nsizes: 7 5 3\nendian: little\nencoding: raw\n\n'
  const nrrd = await openVolume(blobSource(new Blob([text, VOXELS as BlobPart]), 'a.nrrd'))
  expect(nrrd.header.shapeZyx).toEqual(SHAPE)
  expect([...(await nrrd.readSlab(0, 3))]).toEqual([...VOXELS])
})

it('refuses what needs a file system, and what is cut', async () => {
  const packed = 'NRRD0004\ntype: float\ndimension: 3\nsizes: 7 5 3\nendian: little\nencoding: gzip\n\n'
  await expect(openVolume(blobSource(new Blob([packed]), 'a.nrrd'))).rejects.toMatchObject({
    code: 'format_unsupported',
  })
  const cut = makeMrc(VOXELS, SHAPE).slice(0, -1)
  await expect(openVolume(blobSource(new Blob([cut as BlobPart]), 'a.mrc'))).rejects.toMatchObject({
    code: 'format_truncated',
  })
})
