import pg from 'pg'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { postgresProblem } from './database-problem.ts'
import { postgresOptions } from './open-postgres.ts'

/** Key of the lock that the one server of a database holds: "CRYOMAMB" as eight ASCII bytes. PostgreSQL keeps it per database. */
const LOCK_KEY = '4851037945764859202'

/** How often the connection that holds the lock is asked whether it lives. */
const BEAT_MS = 2_000

/** A connection that does not answer for this long is lost. */
const ANSWER_MS = 4_000

/** How soon a lost lock is taken again. */
const AGAIN_MS = 500

/** A server that was killed a moment ago may still hold the lock for this long. */
const TAKE_OVER_MS = 3_000

/** Whose the lock is. `lost`: the connection broke. `taken`: another server got it meanwhile. */
type State = 'held' | 'lost' | 'taken' | 'released'

/**
 * The right to use a PostgreSQL database, of one server at a time: an advisory lock on a connection of its own, which
 * PostgreSQL gives free when the process dies, and a row that names the data folder the database belongs to.
 * held → lost (connection broke) → held again, or taken (another server was faster) → held; released at the end.
 * Queries are refused unless it is held.
 */
export class DatabaseOwner {
  private state: State = 'lost'
  private client: pg.Client | null = null
  private timer: NodeJS.Timeout | undefined
  private readonly databaseUrl: string
  private readonly dataFolder: string
  private readonly folderId: string
  private readonly onChange: (problem: DomainError | null) => void

  private constructor(
    databaseUrl: string,
    { dataFolder, folderId }: { dataFolder: string; folderId: string },
    onChange: (problem: DomainError | null) => void,
  ) {
    this.databaseUrl = databaseUrl
    this.dataFolder = dataFolder
    this.folderId = folderId
    this.onChange = onChange
  }

  /**
   * Takes a database for this process.
   * @param folder the data folder whose volumes and artifacts the tables speak of, and the id kept in it
   * @param onChange told when the database is lost, with the reason, and with null when it is back
   * @throws {DomainError} `database_unavailable`, `database_in_use`, `database_of_other_folder`
   */
  static async take(
    databaseUrl: string,
    folder: { dataFolder: string; folderId: string },
    onChange: (problem: DomainError | null) => void,
  ): Promise<DatabaseOwner> {
    const owner = new DatabaseOwner(databaseUrl, folder, onChange)
    const endMs = Date.now() + TAKE_OVER_MS
    while (!(await owner.attempt())) {
      if (Date.now() > endMs) throw new DomainError('database_in_use')
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
    return owner
  }

  /** Why the database must not be used now, or null. */
  problem(): DomainError | null {
    switch (this.state) {
      case 'held':
        return null
      case 'taken':
        return new DomainError('database_in_use')
      case 'lost':
      case 'released':
        return new DomainError('database_unavailable', { reason: 'the connection broke' })
    }
  }

  /** Gives the database free for another server. */
  async release(): Promise<void> {
    this.state = 'released'
    clearTimeout(this.timer)
    await this.client?.end().catch(() => undefined)
  }

  /** Connects and tries the lock once. @returns false when another server holds it */
  private async attempt(): Promise<boolean> {
    const client = new pg.Client({ ...postgresOptions(this.databaseUrl), query_timeout: ANSWER_MS })
    let isMine = false
    client.on('error', () => this.lose(client))
    client.on('end', () => this.lose(client))
    try {
      await client.connect()
      // A host that lost its power is forgotten within half a minute.
      await client.query('set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 4')
      const { rows } = await client.query(`select pg_try_advisory_lock(${LOCK_KEY}) as is_mine`)
      isMine = rows[0].is_mine
      if (isMine) await this.checkFolder(client)
    } catch (error) {
      isMine = false
      throw postgresProblem(error)
    } finally {
      // Not waited for: a connection that never came about may not say that it ended.
      if (!isMine) void client.end().catch(() => undefined)
    }
    if (isMine) this.hold(client)
    return isMine
  }

  private async checkFolder(client: pg.Client): Promise<void> {
    await client.query('create table if not exists database_owner (folder_id text not null)')
    const { rows } = await client.query('select folder_id from database_owner')
    if (rows.length === 0) await client.query('insert into database_owner (folder_id) values ($1)', [this.folderId])
    else if (rows[0].folder_id !== this.folderId)
      throw new DomainError('database_of_other_folder', { path: this.dataFolder })
  }

  private hold(client: pg.Client): void {
    if (this.state === 'released') return void client.end().catch(() => undefined)
    this.client = client
    this.state = 'held'
    this.timer = setTimeout(() => void this.beat(client), BEAT_MS).unref()
  }

  private async beat(client: pg.Client): Promise<void> {
    try {
      await client.query('select 1')
      if (this.client === client && this.state === 'held')
        this.timer = setTimeout(() => void this.beat(client), BEAT_MS).unref()
    } catch {
      this.lose(client)
    }
  }

  /** The connection is gone and the lock with it. */
  private lose(client: pg.Client): void {
    if (this.client !== client || this.state !== 'held') return
    this.state = 'lost'
    this.client = null
    clearTimeout(this.timer)
    void client.end().catch(() => undefined)
    this.onChange(this.problem())
    void this.takeAgain()
  }

  private async takeAgain(): Promise<void> {
    const found = await this.attempt().then(
      (isMine) => (isMine ? 'held' : 'taken'),
      () => 'lost' as const,
    )
    if (this.state === 'released') return
    if (found === 'held') return this.onChange(null)
    this.state = found
    this.timer = setTimeout(() => void this.takeAgain(), AGAIN_MS).unref()
  }
}
