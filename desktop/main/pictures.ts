import path from 'node:path'
import type { BrowserWindow } from 'electron'
import type { BridgeInput, ExportedFile } from '../../shared/contract/bridge.ts'
import type { BegunPicture, PictureEnding } from '../../shared/contract/pictures.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { PartialFile } from '../../shared/node/partial-file.ts'
import { provenanceHead, writeProvenanceText } from '../../shared/node/write-export.ts'
import { askFile } from './export-mask.ts'
import type { OpenFiles } from './open-files.ts'
import { volumeBaseName } from './volume-name.ts'

const FORMAT_NAMES: Readonly<Record<PictureEnding, string>> = { png: 'PNG', webm: 'WebM', mp4: 'MP4', gif: 'GIF' }

export interface PicturesDeps {
  getWindow: () => BrowserWindow | null
  files: Pick<OpenFiles, 'find'>
  newRef: () => string
  /** Offered first; null asks the system. */
  resultsFolder: () => string | null
  programVersion: string
}

interface OpenPicture {
  partial: PartialFile
  provenance: string
  ending: PictureEnding
}

/** Screenshots and movies that the window draws and this process writes: begun → finished or discarded. */
export class Pictures {
  private readonly deps: PicturesDeps
  private readonly open = new Map<string, OpenPicture>()

  constructor(deps: PicturesDeps) {
    this.deps = deps
  }

  /** Asks where to, and begins the file there. @throws {DomainError} `volume_not_open`, `file_unwritable` */
  async begin({ volume_ref, ending, facts }: BridgeInput<'picture.begin'>): Promise<BegunPicture> {
    const { volume } = this.deps.files.find(volume_ref)
    const name = path.join(this.deps.resultsFolder() ?? '', `${volumeBaseName(volume.name)}_${facts.kind}`)
    const file = await askFile(this.deps.getWindow(), name, ending, FORMAT_NAMES[ending])
    if (!file) return null
    const partial = await PartialFile.create(file)
    const picture_ref = this.deps.newRef()
    const { format, size_bytes, shape_zyx, voxel_size_zyx, unit, mode0 } = volume
    const input = { filename: volume.name, size_bytes, format, shape_zyx, voxel_size_zyx, unit, mode0 }
    const { programVersion } = this.deps
    const provenance = JSON.stringify({ ...provenanceHead(file, programVersion), input, picture: facts })
    this.open.set(picture_ref, { partial, provenance, ending })
    return { picture_ref, name: path.basename(file), application: `CryoMamba ${programVersion}`, provenance }
  }

  /** @throws {DomainError} `picture_not_open`, `file_unwritable` */
  async write({ picture_ref, at, bytes }: BridgeInput<'picture.write'>): Promise<void> {
    await this.find(picture_ref).partial.write(bytes, at)
  }

  /** A PNG carries its provenance; beside a movie it lies too. @throws {DomainError} `picture_not_open`, `file_unwritable` */
  async finish({ picture_ref }: { picture_ref: string }): Promise<ExportedFile> {
    const { partial, provenance, ending } = this.find(picture_ref)
    this.open.delete(picture_ref)
    await partial.finish()
    const { file, sizeBytes } = partial
    if (ending !== 'png') await writeProvenanceText(file, JSON.stringify(JSON.parse(provenance), null, 2))
    return { name: path.basename(file), size_bytes: sizeBytes, warnings: [] }
  }

  async discard({ picture_ref }: { picture_ref: string }): Promise<void> {
    const found = this.open.get(picture_ref)
    this.open.delete(picture_ref)
    await found?.partial.discard()
  }

  /** The window that drew them is gone. */
  async discardAll(): Promise<void> {
    await Promise.all([...this.open.keys()].map((picture_ref) => this.discard({ picture_ref })))
  }

  private find(pictureRef: string): OpenPicture {
    const found = this.open.get(pictureRef)
    if (!found) throw new DomainError('picture_not_open')
    return found
  }
}
