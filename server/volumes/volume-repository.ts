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
  sizeBytes: number
  sha256: string
  header: HeaderSummary
  mode0: 'signed' | 'unsigned' | null
  createdAt: string
  /** Group whose members may use the volume, too. */
  project: string | null
}

export interface VolumeRepository {
  insert(record: VolumeRecord): Promise<void>
  find(volumeId: string): Promise<VolumeRecord | null>
  /** A volume of these bytes that is read in this way. */
  findByHash(owner: string, sha256: string, mode0: VolumeRecord['mode0']): Promise<VolumeRecord | null>
  /** The owner's volumes and those of the projects, newest first; `before` is the id of the last one seen. */
  list(owner: string, projects: readonly string[], limit: number, before: string | null): Promise<VolumeRecord[]>
  /** Files that the server received, oldest first. */
  managed(): Promise<VolumeRecord[]>
  setProject(volumeId: string, project: string | null): Promise<void>
  delete(volumeId: string): Promise<void>
}
