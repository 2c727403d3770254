import { DomainError } from '../errors/domain-error.ts'
import type { BoxReader, OutputVolume, VolumeWarning, VoxelSource } from '../volume/header.ts'

export interface OpenVolumeOptions {
  /** Reading of MRC mode 0; default is the rule of DESIGN §5. */
  mode0?: 'signed' | 'unsigned'
  /** Where compressed files are unpacked; default the system's temporary folder. */
  tempDir?: string
  /** Most bytes that a compressed file may expand to. */
  maxExpandedBytes?: number
  signal?: AbortSignal
}

/**
 * Opens a volume file of any readable format for random access. The caller closes it.
 * Compressed files are unpacked to a temporary file, which goes when the source is closed.
 * @throws {DomainError} `file_not_found`, `file_unreadable`, `format_*`
 */
export async function openVolumeFile(_path: string, _options: OpenVolumeOptions = {}): Promise<VoxelSource> {
  throw new DomainError('internal')
}

/**
 * Writes a volume to `path`; the ending chooses the format. Goes to `path.partial`, synced, then renamed.
 * @returns warnings that list what the target format cannot express of the source's geometry
 * @throws {DomainError} `dtype_not_supported_by_format`, `file_unwritable`, `format_unknown`
 */
export async function writeVolumeFile(
  _path: string,
  _volume: OutputVolume,
  _voxels: BoxReader,
): Promise<VolumeWarning[]> {
  throw new DomainError('internal')
}
