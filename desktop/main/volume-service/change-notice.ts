import type { WatchedFile } from '../watched-file.ts'

/** Whether an open file is still the one that was opened; tells once when it is not. The opener closes it. */
export class ChangeNotice {
  private readonly watched: WatchedFile
  private readonly tell: () => void
  private isTold = false
  private isClosed = false

  /** Takes over `watched`. */
  constructor(watched: WatchedFile, tell: () => void) {
    this.watched = watched
    this.tell = tell
  }

  /** Asked after something was read: false says that it is of the file that was opened. */
  async hasChanged(): Promise<boolean> {
    const hasChanged = await this.watched.hasChanged()
    if (hasChanged && !this.isTold && !this.isClosed) {
      this.isTold = true
      this.tell()
    }
    return hasChanged
  }

  close(): void {
    this.isClosed = true
    this.watched.close()
  }
}
