import type { ExportedFile } from '../../../shared/contract/bridge.ts'
import { type BegunPicture, MOST_PICTURE_BYTES } from '../../../shared/contract/pictures.ts'
import type { FilePart } from '../../../shared/formats/movies/movie-file.ts'
import type { BridgeClient } from '../session/bridge-client.ts'

/** A file that the main process writes for the window. */
export class PictureFile {
  readonly application: string
  readonly provenance: string
  private readonly bridge: BridgeClient
  private readonly picture_ref: string
  private size = 0

  constructor(bridge: BridgeClient, { picture_ref, application, provenance }: NonNullable<BegunPicture>) {
    this.bridge = bridge
    this.picture_ref = picture_ref
    this.application = application
    this.provenance = provenance
  }

  async write(parts: readonly FilePart[]): Promise<void> {
    for (const { at, bytes } of parts) {
      for (let from = 0; from < bytes.length; from += MOST_PICTURE_BYTES) {
        // A copy of its own: a view would take its whole buffer along.
        const part = bytes.slice(from, from + MOST_PICTURE_BYTES) as Uint8Array<ArrayBuffer>
        await this.bridge.request('picture.write', { picture_ref: this.picture_ref, at: at + from, bytes: part })
      }
      this.size = Math.max(this.size, at + bytes.length)
    }
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.write([{ at: this.size, bytes }])
  }

  finish(): Promise<ExportedFile> {
    return this.bridge.request('picture.finish', { picture_ref: this.picture_ref })
  }

  async discard(): Promise<void> {
    await this.bridge.request('picture.discard', { picture_ref: this.picture_ref })
  }
}
