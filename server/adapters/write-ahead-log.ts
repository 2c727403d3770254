import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

/** How often the log is written back after a sync failed, before the change is called unsynced; a transaction may be open. */
const MOST_ATTEMPTS = 10

const WAIT_MS = 20

export interface WriteAheadLogNeeds {
  databaseFile: string
  /** Brings what the log holds into the database's own file, synced, and empties the log. Throws where it cannot. */
  writeBack: () => void
  /** For tests. */
  sync?: (file: FileHandle) => Promise<void>
}

/**
 * Brings what SQLite has committed to its write-ahead log onto the disk, without holding up this thread: with
 * `synchronous = FULL` SQLite does the same within each commit, and nothing else is served meanwhile.
 *
 * The log stays the same file as long as the database is open. SQLite locks other files, so that closing this one here
 * takes no lock away. A sync that failed says nothing of the pages afterwards, whatever the next one says: then the log is
 * written back instead, and until that succeeds no change counts as synced.
 * @see https://www.sqlite.org/pragma.html#pragma_synchronous
 */
export class WriteAheadLog {
  private file: FileHandle | null = null
  private running: Promise<void> = Promise.resolve()
  private next: Promise<void> | null = null
  private hasFailed = false
  private isClosed = false
  private readonly needs: WriteAheadLogNeeds

  constructor(needs: WriteAheadLogNeeds) {
    this.needs = needs
  }

  /**
   * Resolves once all that was committed before this call is on the disk. Calls that wait share one sync.
   * @throws what the file system or SQLite throws
   */
  synced(): Promise<void> {
    // The end of the database syncs what is left.
    if (this.isClosed) return Promise.resolve()
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

  /** Waits for what is under way; the database is to be closed next. */
  async close(): Promise<void> {
    this.isClosed = true
    await this.next?.catch(() => undefined)
    await this.running.catch(() => undefined)
    await this.file?.close()
    this.file = null
  }

  private async syncNow(): Promise<void> {
    if (this.hasFailed) return this.writeBack()
    try {
      // Windows syncs only what may be written.
      this.file ??= await open(`${this.needs.databaseFile}-wal`, 'r+')
      await (this.needs.sync ?? ((file) => file.datasync()))(this.file)
    } catch {
      this.hasFailed = true
      await this.writeBack()
    }
  }

  private async writeBack(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.needs.writeBack()
        this.hasFailed = false
        return
      } catch (error) {
        if (attempt >= MOST_ATTEMPTS) throw error
        await wait(WAIT_MS)
      }
    }
  }
}
