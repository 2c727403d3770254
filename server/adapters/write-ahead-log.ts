import { type FileHandle, open } from 'node:fs/promises'

/**
 * Brings what SQLite has committed to its write-ahead log onto the disk, without holding up this thread: with
 * `synchronous = FULL` SQLite does the same within each commit, and nothing else is served meanwhile.
 *
 * The log stays the same file as long as the database is open. SQLite locks other files, so that closing this one here
 * takes no lock away.
 * @see https://www.sqlite.org/pragma.html#pragma_synchronous
 */
export class WriteAheadLog {
  private file: FileHandle | null = null
  private running: Promise<void> = Promise.resolve()
  private next: Promise<void> | null = null
  private readonly location: string
  private readonly sync: (file: FileHandle) => Promise<void>

  /** @param databaseFile of which this is the log */
  constructor(databaseFile: string, sync = (file: FileHandle) => file.datasync()) {
    this.location = `${databaseFile}-wal`
    this.sync = sync
  }

  /**
   * Resolves once all that was committed before this call is on the disk. Calls that wait share one sync.
   * @throws what the file system throws
   */
  synced(): Promise<void> {
    // A sync that runs may have begun before the last commit.
    this.next ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.next = null
        this.running = this.syncNow()
        return this.running
      })
    return this.next
  }

  /** Waits for what is under way; nothing may be asked for afterwards. */
  async close(): Promise<void> {
    await (this.next ?? this.running).catch(() => undefined)
    await this.file?.close()
    this.file = null
  }

  private async syncNow(): Promise<void> {
    // Windows syncs only what may be written.
    this.file ??= await open(this.location, 'r+')
    await this.sync(this.file)
  }
}
