import { checkUnchanged } from '../../shared/node/pinned-files.ts'
import type { VoxelSource } from '../../shared/volume/header.ts'
import type { JobVolume } from './messages.ts'

export type OpenVolume = (
  path: string,
  options: { mode0?: 'signed' | 'unsigned'; signal?: AbortSignal },
) => Promise<VoxelSource>

/**
 * Opens the volumes of a job, and closes them at the end.
 * @throws {DomainError} `volume_changed`, `format_*`; what `use` throws
 */
export async function withSources<T>(
  volumes: readonly JobVolume[],
  openVolume: OpenVolume,
  signal: AbortSignal,
  use: (sources: VoxelSource[]) => Promise<T>,
): Promise<T> {
  const sources: VoxelSource[] = []
  try {
    for (const volume of volumes) sources.push(await openVolume(volume.path, { mode0: volume.mode0, signal }))
    // Before the first voxel is read and after the last: a mask of two files would look like one.
    for (const { files, filename } of volumes) await checkUnchanged(files ?? [], filename)
    const found = await use(sources)
    for (const { files, filename } of volumes) await checkUnchanged(files ?? [], filename)
    return found
  } finally {
    for (const source of sources) await source.close()
  }
}
