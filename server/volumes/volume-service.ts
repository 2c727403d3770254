import { lstat, realpath, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { OpenedVolume } from '../../shared/formats/raw-voxel-source.ts'
import { areUnchanged, checkUnchanged, type PinnedFile, pinFile } from '../../shared/node/pinned-files.ts'
import type { VolumeHeader } from '../../shared/volume/header.ts'
import { JoinedWork } from '../joined-work.ts'
import { checkOwner, type Projects } from '../people/projects.ts'
import { identityOf, sha256OfFiles } from './file-identity.ts'
import type { HeaderSummary, VolumeRecord, VolumeRepository } from './volume-repository.ts'

/** Opens a volume file; the caller closes it. */
export type VolumeOpener = (
  file: string,
  options: { mode0?: 'signed' | 'unsigned'; checkFile: (file: string) => Promise<void> },
) => Promise<OpenedVolume>

export interface VolumeServiceNeeds {
  volumes: VolumeRepository
  openVolume: VolumeOpener
  dataFolder: string
  /** Folders that `fromPath` may read. */
  pathRoots: readonly string[]
  projects: Projects
  newId: () => string
  /** The unfinished job that uses a volume, or null. */
  unfinishedUser: (volumeId: string) => Promise<string | null>
  /** SHA-256 of a file that lies on the server, hex; by reading it where nothing else is said. */
  hashFiles?: (files: readonly string[]) => Promise<string>
}

/** Who was cut off while a file was hashed has this long to ask again without its being read again. */
const HASH_KEPT_MS = 30 * 60_000

type Mode0 = VolumeRecord['mode0']

/** The volumes of a server: files that were received and checked, or that lie under an allowed root. */
export class VolumeService {
  private readonly needs: VolumeServiceNeeds
  private readonly hashing = new JoinedWork<string>(HASH_KEPT_MS)
  private readonly registering = new JoinedWork<VolumeRecord>()

  constructor(needs: VolumeServiceNeeds) {
    this.needs = needs
  }

  /** Where a received file of this name is kept. The name's ending is kept, nothing else of it. */
  placeOf(volumeId: string, filename: string): string {
    const ending = /(\.[A-Za-z0-9]{1,8}){1,2}$/.exec(filename)?.[0].toLowerCase() ?? ''
    return path.join(this.needs.dataFolder, 'volumes', volumeId, `volume${ending}`)
  }

  /** What a file's header says. @throws {DomainError} `format_*` with the user's file name */
  async readHeader(file: string, filename: string, mode0: Mode0): Promise<HeaderSummary> {
    const isAlone = async (dataFile: string) => {
      throw new DomainError('format_detached_data_missing', { name: filename, dataName: path.basename(dataFile) })
    }
    return (await this.look(file, { filename, mode0, checkFile: isAlone })).header
  }

  private async look(
    file: string,
    { filename, mode0, checkFile }: { filename: string; mode0: Mode0; checkFile: (file: string) => Promise<void> },
  ) {
    try {
      const source = await this.needs.openVolume(file, { ...(mode0 ? { mode0 } : {}), checkFile })
      await source.close()
      return { header: summarise(source.header), moreFiles: source.moreFiles ?? [] }
    } catch (error) {
      if (!(error instanceof DomainError) || error.code === 'path_not_allowed') throw error
      throw new DomainError(error.code, {
        ...error.details,
        name: filename,
        message: undefined,
        hint: error.hint,
        cause: error,
      })
    }
  }

  /** Records a checked file that lies in its place; does nothing when it is recorded already. */
  async adopt(
    file: Pick<VolumeRecord, 'volumeId' | 'owner' | 'filename' | 'path' | 'sha256' | 'mode0'>,
  ): Promise<VolumeRecord> {
    const known = await this.needs.volumes.find(file.volumeId)
    if (known) return known
    const header = await this.readHeader(file.path, file.filename, file.mode0)
    const { size } = await stat(file.path)
    const record: VolumeRecord = {
      ...file,
      isManaged: true,
      sizeBytes: size,
      files: null,
      header,
      createdAt: new Date().toISOString(),
      project: null,
    }
    await this.needs.volumes.insert(record)
    return record
  }

  /**
   * A volume that already lies on the server, in one file or several. Links are resolved first, and the files are
   * remembered as they are now: once they change, no job runs on them.
   * @throws {DomainError} `path_not_allowed`, `file_not_found`, `volume_changed` while it is read, `format_*`
   */
  async fromPath(owner: string, requested: string): Promise<VolumeRecord> {
    const file = await this.allowed(requested)
    // What is not there is left out by who opens it; a link is followed by nobody before it is known where it leads.
    const checkFile = async (one: string) => {
      if (await isAnything(one)) await this.allowed(one)
    }
    const { header, moreFiles } = await this.look(file, { filename: path.basename(file), mode0: null, checkFile })
    const places = [file]
    for (const one of moreFiles) places.push(await this.allowed(one))
    const identity = await identityOf(places)
    return this.registering.run(`${owner} ${identity}`, () => this.register(owner, header, places, identity))
  }

  private async register(
    owner: string,
    header: HeaderSummary,
    places: readonly string[],
    identity: string,
  ): Promise<VolumeRecord> {
    const [file] = places
    const filename = path.basename(file)
    const files: PinnedFile[] = []
    for (const place of places) files.push(await pinFile(place))
    const sha256 = await this.hashing.run(identity, () => (this.needs.hashFiles ?? sha256OfFiles)(places))
    await checkUnchanged(files, filename)
    const known = (await this.findByHash(owner, sha256, null)) ?? (await this.relocated(owner, sha256, files))
    if (known) return known
    const record: VolumeRecord = {
      volumeId: this.needs.newId(),
      ...{ owner, filename, path: file, sha256, mode0: null, files, header },
      isManaged: false,
      sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      createdAt: new Date().toISOString(),
      project: null,
    }
    await this.needs.volumes.insert(record)
    return record
  }

  /** @returns the path without links @throws {DomainError} `path_not_allowed`, `file_not_found` */
  private async allowed(requested: string): Promise<string> {
    const file = await withoutLinks(path.resolve(requested))
    if (file !== null) {
      if (await this.isAllowed(file)) return file
    } else if (await this.isNameInAllowed(path.resolve(requested)))
      // Without the path: what an answer repeats may be as long as what was sent.
      throw new DomainError('file_not_found', { message: 'No file of this name is in the folders that may be read.' })
    throw new DomainError('path_not_allowed')
  }

  /** @param file without links; below a folder that may be read, or, with `orRoot`, such a folder itself */
  private async isAllowed(file: string, orRoot = false): Promise<boolean> {
    const roots = await Promise.all(this.needs.pathRoots.map(withoutLinks))
    const isIn = (folder: string | null) => isBelow(file, folder) || (orRoot && file === folder)
    // Where it lies below a root it holds what others have sent all the same, and the server's secrets.
    const ours = await withoutLinks(path.resolve(this.needs.dataFolder))
    return roots.some(isIn) && file !== ours && !isBelow(file, ours)
  }

  /** Whether a name that is not there would be in an allowed folder. A link that leads nowhere is no such name: where it leads is told to nobody. */
  private async isNameInAllowed(missing: string): Promise<boolean> {
    if (await isAnything(missing)) return false
    const parent = path.dirname(missing)
    const folder = await withoutLinks(parent)
    if (folder !== null) return this.isAllowed(folder, true)
    return parent !== missing && this.isNameInAllowed(parent)
  }

  /** A volume whose file was moved or written again is found by its bytes, and refers to where they lie now. */
  private async relocated(owner: string, sha256: string, files: PinnedFile[]): Promise<VolumeRecord | null> {
    const records = await this.needs.volumes.withHash(owner, sha256, null)
    const record = records.find(({ isManaged }) => !isManaged)
    if (!record) return null
    await this.needs.volumes.relocate(record.volumeId, files[0].path, files)
    return { ...record, path: files[0].path, files }
  }

  /** A volume of these bytes whose file is there. */
  async findByHash(owner: string, sha256: string, mode0: Mode0): Promise<VolumeRecord | null> {
    for (const record of await this.needs.volumes.withHash(owner, sha256, mode0))
      if (await isThere(record)) return record
    return null
  }

  /** @throws {DomainError} `volume_changed` where the file of a volume is gone or another one */
  async checkThere(record: VolumeRecord): Promise<void> {
    if (!(await isThere(record))) throw new DomainError('volume_changed', { name: record.filename })
  }

  /** A volume that this user may use, or null. */
  async find(owner: string, volumeId: string): Promise<VolumeRecord | null> {
    const record = await this.needs.volumes.find(volumeId)
    return record && (await this.needs.projects.maySee(owner, record)) ? record : null
  }

  /** @throws {DomainError} `volume_not_found` */
  async get(owner: string, volumeId: string): Promise<VolumeRecord> {
    const record = await this.find(owner, volumeId)
    if (!record) throw new DomainError('volume_not_found', { volumeId })
    return record
  }

  async list(owner: string, limit: number, before: string | null): Promise<VolumeRecord[]> {
    return this.needs.volumes.list(owner, await this.needs.projects.of(owner), limit, before)
  }

  /** Lets the members of a group use a volume, or no longer. @throws {DomainError} `volume_not_found`, `not_owner`, `project_not_found` */
  async share(owner: string, volumeId: string, project: string | null): Promise<VolumeRecord> {
    const record = await this.get(owner, volumeId)
    checkOwner(owner, record)
    if (project !== null) await this.needs.projects.check(owner, project)
    await this.needs.volumes.setProject(volumeId, project)
    return { ...record, project }
  }

  /** @throws {DomainError} `volume_not_found`, `not_owner`, `volume_in_use` */
  async delete(owner: string, volumeId: string): Promise<void> {
    const record = await this.get(owner, volumeId)
    checkOwner(owner, record)
    const jobId = await this.needs.unfinishedUser(volumeId)
    if (jobId) throw new DomainError('volume_in_use', { jobId })
    await this.remove(record)
  }

  /** Forgets a volume; a file that the server received goes with it. */
  async remove(record: VolumeRecord): Promise<void> {
    await this.needs.volumes.delete(record.volumeId)
    if (record.isManaged) await rm(path.dirname(record.path), { recursive: true, force: true })
  }
}

function isBelow(file: string, folder: string | null): boolean {
  return folder !== null && file.startsWith(folder + path.sep)
}

/** Where a path leads; null where nothing is there. */
async function withoutLinks(file: string): Promise<string | null> {
  return realpath(file).catch(() => null)
}

/** A link that leads nowhere is something, too. */
async function isAnything(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  )
}

function summarise(header: VolumeHeader): HeaderSummary {
  const { format, shapeZyx, dtype, voxelSizeZyx, unit, warnings } = header
  return { format, shapeZyx, dtype, voxelSizeZyx, unit, warnings }
}

async function isThere({ path: file, files, sizeBytes }: VolumeRecord): Promise<boolean> {
  if (files) return areUnchanged(files)
  const size = await stat(file).then(
    (found) => found.size,
    () => null,
  )
  return size === sizeBytes
}
