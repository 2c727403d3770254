import type { PinnedFile } from '../../shared/node/pinned-files.ts'
import type { VolumeHeader } from '../../shared/volume/header.ts'

/** What is kept of a volume's header. */
export type HeaderSummary = Pick<VolumeHeader, 'format' | 'shapeZyx' | 'dtype' | 'voxelSizeZyx' | 'unit' | 'warnings'>

export interface VolumeRecord {
  volumeId: string
  owner: string
  filename: string
  /** Absolute. */
  path: string
  /** True for files that the server received and may delete; false for files it only refers to. */
  isManaged: boolean
  /** Of all its files. */
  sizeBytes: number
  /** Over all its files, one after the other. */
  sha256: string
  /** What a file that is only referred to was when it was hashed; null where the server keeps it, or nobody looked. */
  files: PinnedFile[] | null
  header: HeaderSummary
  mode0: 'signed' | 'unsigned' | null
  createdAt: string
  /** Group whose members may use the volume, too. */
  project: string | null
}

export interface VolumeRepository {
  insert(record: VolumeRecord): Promise<void>
  find(volumeId: string): Promise<VolumeRecord | null>
  /** Volumes of these bytes that are read in this way, the oldest first. */
  withHash(owner: string, sha256: string, mode0: VolumeRecord['mode0']): Promise<VolumeRecord[]>
  /** A file that is only referred to was moved or written again with the same bytes. */
  relocate(volumeId: string, path: string, files: PinnedFile[]): Promise<void>
  /** The owner's volumes and those of the projects, newest first; `before` is the id of the last one seen. */
  list(owner: string, projects: readonly string[], limit: number, before: string | null): Promise<VolumeRecord[]>
  /** Files that the server received, oldest first. */
  managed(): Promise<VolumeRecord[]>
  setProject(volumeId: string, project: string | null): Promise<void>
  delete(volumeId: string): Promise<void>
}
