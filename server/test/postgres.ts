import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'

/** Where Debian and Ubuntu put each version, newest last. */
const DEBIAN = '/usr/lib/postgresql'

/** Folder of PostgreSQL's programs on this computer, or null: `CRYOMAMBA_POSTGRES_BIN`, Debian's place, or the path. */
export const POSTGRES_BIN = findBinaries()

/** A PostgreSQL of the tests: a folder of its own, a free port of 127.0.0.1, nobody but this computer lets itself in. */
export interface TestPostgres {
  folder: string
  port: number
  start(): Promise<void>
  /** Ends it at once, as a power cut would. */
  stop(): Promise<void>
  /** Stops all its processes as they stand: connections live and nothing answers, as when its computer is overloaded or cut off. */
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Ends it and deletes its folder. */
  remove(): Promise<void>
}

/** Address of a database of a PostgreSQL of the tests. */
export function postgresUrl(port: number, database: string): string {
  return `postgres://postgres@127.0.0.1:${port}/${database}`
}

/** Ends a PostgreSQL of the tests and deletes its folder. */
export async function removePostgres(folder: string): Promise<void> {
  await control(folder, '-m', 'immediate', '-w', 'stop').catch(() => undefined)
  await rm(folder, { recursive: true, force: true })
}

/** Makes and starts a PostgreSQL. It needs no root; run by root it changes to the user `postgres`, as it must. */
export async function startPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-postgres-'))
  const account = rootsStandIn()
  if (account) await chown(folder, account.uid, account.gid)
  else await chmod(folder, 0o700)
  await runProgram(account, 'initdb', [
    ...['-D', path.join(folder, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '-N'],
  ])
  const port = await freePort()
  const log = path.join(folder, 'log')
  // It need not outlive this computer: what PostgreSQL handed to the system is safe enough, and quick.
  const settings = [
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'fsync=off',
    'max_connections=100',
  ]
  const options = settings.map((setting) => `-c ${setting}`)
  const start = () =>
    control(folder, '-w', '-t', '60', '-l', log, '-o', `-p ${port} ${options.join(' ')}`, 'start').catch(
      async (cause) => {
        throw new Error(`PostgreSQL did not start: ${await readFile(log, 'utf8').catch(() => 'no log')}`, { cause })
      },
    )
  await start()
  const stop = () => control(folder, '-m', 'immediate', '-w', 'stop')
  return {
    folder,
    port,
    start,
    stop,
    freeze: () => signalAll(folder, 'SIGSTOP'),
    thaw: () => signalAll(folder, 'SIGCONT'),
    remove: () => removePostgres(folder),
  }
}

function control(folder: string, ...args: string[]): Promise<void> {
  return runProgram(rootsStandIn(), 'pg_ctl', ['-D', path.join(folder, 'data'), ...args])
}

async function signalAll(folder: string, signal: NodeJS.Signals): Promise<void> {
  const main = Number((await readFile(path.join(folder, 'data/postmaster.pid'), 'utf8')).split('\n')[0])
  const children = spawnSync('pgrep', ['-P', String(main)], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n')
    .map(Number)
  for (const pid of [main, ...children]) process.kill(pid, signal)
}

function findBinaries(): string | null {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(a) - Number(b)) : []
  const places = [
    process.env.CRYOMAMBA_POSTGRES_BIN ?? '',
    ...versions.map((version) => path.join(DEBIAN, version, 'bin')).reverse(),
    ...(process.env.PATH ?? '').split(path.delimiter),
  ]
  return places.find((place) => place !== '' && existsSync(path.join(place, 'initdb'))) ?? null
}

/** PostgreSQL refuses to run as root; Debian's package made this user. */
function rootsStandIn(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null
  const idOf = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: idOf('-u'), gid: idOf('-g') }
}

async function runProgram(account: { uid: number; gid: number } | null, name: string, args: string[]): Promise<void> {
  const child = spawn(path.join(POSTGRES_BIN ?? '', name), args, {
    ...account,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve))
  if (code !== 0) throw new Error(`${name} ended with ${code}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
