import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type BenchRow, median, printReport } from './report.ts'

const MIB = 1024 * 1024
const PART_BYTES = 16 * MIB
const LANES = 4
const ROUNDS = 5
const FILE_BYTES = 1024 * MIB
/** Sent once before the clock runs: servers run for weeks, and compile what they need at the first request. */
const WARM_UP_BYTES = 16 * MIB
const MEMORY_BYTES = [256 * MIB, 2048 * MIB]
const CLI = path.join(import.meta.dirname, '../../desktop/cli/main.js')
const PLAIN = path.join(import.meta.dirname, 'plain-transfer.js')
const TOKEN = 'bench-token-0123456789'

interface Timing {
  sendingMs: number
  totalMs: number
  serverRssBytes?: number
  clientRssBytes?: number
}

/**
 * `npm run bench -- transfer [--json]`: the upload of a file against other ways to bring the same bytes to the same
 * disk. Every way has a sender and a receiver in processes of their own, takes turns with the others, and begins with
 * an empty folder; the numbers are medians. Linux only.
 */
export async function benchTransfer(asJson: boolean): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-bench-'))
  try {
    const file = path.join(folder, 'volume.mrc')
    await writeVolume(file, FILE_BYTES)
    await writeVolume(warmUpFile(folder), WARM_UP_BYTES)
    const ways = await waysOf(folder, file)
    const found = new Map<string, Timing[]>()
    spawnSync('sync')
    for (let round = 0; round < ROUNDS; round++)
      // What comes before leaves the disk something to do: every round begins with another way.
      for (const [name, run] of [...ways.slice(round), ...ways.slice(0, round)])
        found.set(name, [...(found.get(name) ?? []), await inEmptyFolder(folder, run)])
    const disk = await times(3, () => diskSpeed(folder))
    const sha = await times(3, async () => shaSpeed())
    const memory = await memoryRows(folder)
    printReport('transfer', [...speedRows(found, median(disk), median(sha)), ...memory], asJson)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const warmUpFile = (folder: string) => path.join(folder, 'first.mrc')

type Way = (folder: string) => Promise<Timing>

async function waysOf(folder: string, file: string): Promise<[string, Way][]> {
  const plan = { file, warmUp: warmUpFile(folder), partBytes: PART_BYTES, lanes: LANES }
  const ways: [string, Way][] = [
    ['upload', (where) => ourUpload(where, file, warmUpFile(folder))],
    [
      'node http, same hashing',
      (where) => plain(['serve', path.join(where, 'file'), 'hash'], { ...plan, kind: 'parts', isHashing: true }),
    ],
    [
      'node http, no hashing',
      (where) => plain(['serve', path.join(where, 'file')], { ...plan, kind: 'parts', isHashing: false }),
    ],
    [
      'tus, no hashing',
      (where) => plain(['tus', where], { ...plan, kind: 'tus', lanes: 1, isHashing: false }, '/files'),
    ],
  ]
  if (spawnSync('nginx', ['-v']).status === 0) ways.push(['nginx dav PUT, no hashing', (where) => nginx(where, plan)])
  else console.log('nginx is not installed: its row is left out')
  await mkdir(path.join(folder, 'state'))
  return ways
}

async function inEmptyFolder(folder: string, run: Way): Promise<Timing> {
  const where = path.join(folder, 'run')
  await mkdir(where)
  try {
    return await run(where)
  } finally {
    await rm(where, { recursive: true, force: true })
    spawnSync('sync')
  }
}

/** The real server and the real command line. */
async function ourUpload(where: string, file: string, warmUp: string): Promise<Timing> {
  const server = fork(path.join(import.meta.dirname, '../main.js'), ['--port', '0', '--data', where, '--json'], {
    env: { ...process.env, CRYOMAMBA_TOKEN: TOKEN, CRYOMAMBA_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    // As `cryomamba serve` starts it.
    execArgv: ['--single-threaded-gc'],
  })
  try {
    const { url } = JSON.parse(await firstLine(server))
    const env = { ...process.env, CRYOMAMBA_STATE: path.join(where, 'state') }
    const send = (one: string) => {
      const args = [CLI, 'upload', one, '--server', url, '--token', TOKEN, '--json']
      return spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    }
    await gone(send(warmUp))
    const client = send(file)
    const clientPeak = watchPeak(client.pid as number)
    const line = JSON.parse(await firstLine(client))
    const serverRssBytes = await peakOf(server.pid as number)
    await gone(client)
    const clientRssBytes = await clientPeak
    return { sendingMs: line.sending_seconds * 1000, totalMs: line.seconds * 1000, serverRssBytes, clientRssBytes }
  } finally {
    await end(server)
  }
}

async function plain(
  serving: string[],
  plan: Record<string, unknown> & { warmUp: string },
  location = '',
): Promise<Timing> {
  const server = fork(PLAIN, serving)
  try {
    const { port } = await message<{ port: number }>(server)
    const there = { ...plan, url: `http://127.0.0.1:${port}${location}` }
    await sendPlain({ ...there, file: plan.warmUp })
    return await sendPlain(there)
  } finally {
    await end(server)
  }
}

async function sendPlain(plan: object): Promise<Timing> {
  const client = fork(PLAIN, ['send', JSON.stringify(plan)])
  const timing = await message<Timing>(client)
  await gone(client)
  return timing
}

async function nginx(where: string, plan: object): Promise<Timing> {
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  await writeFile(
    path.join(where, 'nginx.conf'),
    `daemon off; master_process off; pid ${where}/pid; error_log ${where}/error.log;
events {}
http { access_log off; client_body_temp_path ${where}/body;
  server { listen 127.0.0.1:${port}; client_max_body_size 64m;
    location / { root ${where}/files; dav_methods PUT; create_full_put_path on; } } }`,
  )
  await mkdir(path.join(where, 'files'))
  const server = spawn('nginx', ['-p', where, '-c', path.join(where, 'nginx.conf')], { stdio: 'ignore' })
  try {
    await new Promise((resolve) => setTimeout(resolve, 500))
    return await sendPlain({ ...plan, kind: 'dav', isHashing: false, url: `http://127.0.0.1:${port}` })
  } finally {
    await end(server)
  }
}

function speedRows(found: Map<string, Timing[]>, disk: number, sha: number): BenchRow[] {
  const speed = (name: string, key: 'sendingMs' | 'totalMs') =>
    median((found.get(name) ?? []).map((one) => FILE_BYTES / 1e6 / (one[key] / 1000)))
  const row = (name: string, value: number, against: string, limit: number): BenchRow => ({
    ...{ name, value, unit: 'MB/s', against, against_value: limit, ratio: value / limit },
  })
  const [stored, checked] = [speed('upload', 'sendingMs'), speed('upload', 'totalMs')]
  const others = [...found.keys()].filter((name) => name !== 'upload')
  return [
    row(
      'upload until the volume is checked',
      checked,
      'node http, same hashing',
      speed('node http, same hashing', 'totalMs'),
    ),
    ...others.map((name) => row('upload until every part is stored', stored, name, speed(name, 'sendingMs'))),
    row('upload until every part is stored', stored, 'disk, written and synced', disk),
    row('upload until every part is stored', stored, 'SHA-256 on one core', sha),
  ]
}

async function memoryRows(folder: string): Promise<BenchRow[]> {
  const peaks: Timing[] = []
  for (const bytes of MEMORY_BYTES) {
    const file = path.join(folder, 'memory.mrc')
    await writeVolume(file, bytes)
    peaks.push(await inEmptyFolder(folder, (where) => ourUpload(where, file, warmUpFile(folder))))
    await rm(file)
  }
  const row = (name: string, key: 'serverRssBytes' | 'clientRssBytes'): BenchRow => {
    const [small, large] = peaks.map((peak) => (peak[key] ?? Number.NaN) / MIB)
    return { name, value: large, unit: 'MiB', against: 'of 256 MiB', against_value: small, ratio: large / small }
  }
  return [
    row('peak memory of the server, upload of 2 GiB', 'serverRssBytes'),
    row('peak memory of the client, upload of 2 GiB', 'clientRssBytes'),
  ]
}

async function diskSpeed(folder: string): Promise<number> {
  const file = await open(path.join(folder, 'disk'), 'w')
  const bytes = Buffer.alloc(PART_BYTES, 7)
  const startMs = performance.now()
  for (let at = 0; at < FILE_BYTES; at += bytes.length) {
    await file.write(bytes, 0, bytes.length, at)
    await file.datasync()
  }
  const seconds = (performance.now() - startMs) / 1000
  await file.close()
  await rm(path.join(folder, 'disk'))
  return FILE_BYTES / 1e6 / seconds
}

function shaSpeed(): number {
  const bytes = Buffer.alloc(PART_BYTES, 7)
  const hash = createHash('sha256')
  const startMs = performance.now()
  for (let i = 0; i < 32; i++) hash.update(bytes)
  hash.digest()
  return (32 * PART_BYTES) / 1e6 / ((performance.now() - startMs) / 1000)
}

/** An MRC file of int16 whose parts all differ. */
async function writeVolume(file: string, bytes: number): Promise<void> {
  const planes = Math.floor((bytes - 1024) / (1024 * 1024 * 2))
  const header = Buffer.alloc(1024)
  for (const [word, value] of [1024, 1024, planes, 1, 0, 0, 0, 1024, 1024, planes].entries())
    header.writeInt32LE(value, word * 4)
  for (const i of [0, 1, 2]) {
    header.writeFloatLE(10240, 40 + 4 * i)
    header.writeFloatLE(90, 52 + 4 * i)
    header.writeInt32LE(i + 1, 64 + 4 * i)
  }
  header.write('MAP DD', 208, 'latin1')
  const target = await open(file, 'w')
  await target.write(header)
  const plane = Buffer.alloc(1024 * 1024 * 2)
  for (let i = 0; i < plane.length; i += 4) plane.writeUInt32LE((i * 2654435761) >>> 0, i)
  for (let z = 0; z < planes; z++) {
    plane.writeUInt32LE(z, 0)
    await target.write(plane)
  }
  await target.close()
}

async function times<T>(count: number, run: () => Promise<T>): Promise<T[]> {
  const found: T[] = []
  for (let i = 0; i < count; i++) found.push(await run())
  return found
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (text.includes('\n')) resolve(text)
    })
    child.once('exit', () => reject(new Error('a process ended without an answer')))
  })
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (value) => resolve(value as T))
    child.once('exit', () => reject(new Error('a process ended without an answer')))
  })
}

const gone = (child: ChildProcess) =>
  new Promise<void>((resolve) =>
    child.exitCode === null && child.signalCode === null ? child.once('exit', () => resolve()) : resolve(),
  )

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await gone(child)
}

/** Highest resident memory of a process so far. */
async function peakOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024
}

/** As `peakOf`, of a process that ends by itself. */
async function watchPeak(pid: number): Promise<number> {
  for (let peak = 0; ; ) {
    const now = await peakOf(pid)
    if (now === 0) return peak
    peak = Math.max(peak, now)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

await benchTransfer(process.argv.includes('--json'))
