import { DomainError } from '../errors/domain-error.ts'
import { BYTES_PER_VOXEL } from '../volume/dtype.ts'
import type { ByteSource } from '../volume/header.ts'
import { isMrc } from './mrc/byte-order.ts'
import { type MrcOptions, parseMrc } from './mrc/parse-mrc.ts'
import { isNifti, isNiftiPair, parseNifti } from './nifti/parse-nifti.ts'
import { isNrrd, parseNrrd } from './nrrd/parse-nrrd.ts'
import type { ParsedVolume } from './parsed-volume.ts'
import { type OpenedVolume, RawVoxelSource } from './raw-voxel-source.ts'

/** Bytes looked at to tell what a file is and to read its header. */
export const HEAD_BYTES = 64 * 1024

/**
 * Opens a volume that lies unpacked in one place: a file, a Blob, a Range request. MRC, single-file NIfTI and attached
 * raw NRRD; what is packed or in several files needs a file system (`shared/node/volume-file.ts`). Takes over `bytes`
 * when it succeeds.
 * @throws {DomainError} `format_*`
 */
export async function openVolume(bytes: ByteSource, options: MrcOptions = {}): Promise<OpenedVolume> {
  const { name, sizeBytes } = bytes
  const head = await bytes.read(0, Math.min(HEAD_BYTES, sizeBytes))
  if (isNrrd(head)) return openAttachedRaw(bytes, head)
  if (isNifti(head) && isNiftiPair(head)) {
    throw new DomainError('format_detached_data_missing', { name, dataName: name.replace(/\.hdr$/i, '.img') })
  }
  return new RawVoxelSource(parseHead(name, head, sizeBytes, options), bytes)
}

function openAttachedRaw(bytes: ByteSource, head: Uint8Array): OpenedVolume {
  const { name, sizeBytes } = bytes
  const { volume, data } = parseNrrd(name, head)
  if (data.encoding !== 'raw' || data.dataFiles !== null || data.lineSkip !== 0) {
    throw new DomainError('format_unsupported', {
      name,
      kind: 'packed, textual or detached data',
      hint: 'Open it from a disk.',
    })
  }
  const offsetBytes = data.byteSkip === -1 ? sizeBytes - data.expectedBytes : data.headerBytes + data.byteSkip
  const expectedBytes = Math.max(offsetBytes, data.headerBytes) + data.expectedBytes
  if (offsetBytes < data.headerBytes || sizeBytes < expectedBytes) {
    throw new DomainError('format_truncated', { name, foundBytes: sizeBytes, expectedBytes })
  }
  return new RawVoxelSource({ ...volume, layout: { ...volume.layout, offsetBytes } }, bytes)
}

/** A header in the file itself. `fileBytes` null: the size is not known yet. @throws {DomainError} `format_*` */
export function parseHead(
  name: string,
  head: Uint8Array,
  fileBytes: number | null,
  options: MrcOptions = {},
): ParsedVolume {
  if (isNifti(head)) return parseNifti(name, head, fileBytes)
  if (isMrc(head)) return parseMrc(name, head, fileBytes, options)
  if (head.length < 1024 && /\.(mrc|mrcs|rec|map|ccp4|st|ali)(\.gz|\.bz2)?$/i.test(name))
    return parseMrc(name, head, fileBytes, options)
  // Says what is wrong with it: ANALYZE, a damaged magic, a header cut short.
  if (/\.(nii|hdr)(\.gz|\.bz2)?$/i.test(name)) return parseNifti(name, head, fileBytes)
  throw new DomainError('format_unknown', { name })
}

/** Bytes that a file must have for the voxels that its header announces. */
export function announcedBytes({ header, layout }: ParsedVolume): number {
  const [nz, ny, nx] = header.shapeZyx
  const voxelBytes = layout.isPacked4Bit
    ? Math.ceil(nx / 2) * ny * nz * header.numVolumes
    : layout.totalVoxels * BYTES_PER_VOXEL[header.dtype]
  return layout.offsetBytes + voxelBytes
}
