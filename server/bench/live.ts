import { fork } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import WebSocket from 'ws'
import type { Job } from '../../shared/contract/jobs.ts'
import type { Volume } from '../../shared/contract/volumes.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { type BenchRow, median, printReport } from './report.ts'
import { type Call, caller, finished, mrcHeader, startServer } from './server-process.ts'

const SHAPE: Zyx = [128, 256, 256]
const MODEL = 'demo-cryoet-unet'
const WATCHERS = 200
const CLIENT_PROCESSES = 2
const ROUNDS = 3
const TICKS_PER_SECOND = 100
const TOKEN = 'bench-token-0123456789'

interface Seen {
  previews: number
  bytes: number
  /** Sockets that were closed with 1000, after `completed`. */
  ended: number
}

interface Run extends Seen {
  /** From the queued to the finished job, as the server says. */
  seconds: number
  /** Of the server and its worker, from before the job until after the worker has ended. */
  cpuSeconds: number
}

/**
 * `npm run bench -- live [--json]`: one job with previews, watched by nobody and by 200 real sockets, in turns; its time
 * and the processor time of server and worker. The clients run in processes of their own, on the same computer. Linux only.
 */
export async function benchLive(asJson: boolean): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-bench-'))
  const { child, url } = await startServer(path.join(folder, 'data'), {
    CRYOMAMBA_TOKEN: TOKEN,
    CRYOMAMBA_PATH_ROOTS: folder,
    CRYOMAMBA_REQUESTS_PER_MINUTE: '0',
    CRYOMAMBA_SOCKETS_PER_USER: String(WATCHERS),
  })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  try {
    const call = caller(url, TOKEN)
    await writeNoise(path.join(folder, 'noise.mrc'))
    const volume = await call<Volume>('/v1/volumes/from-path', { path: path.join(folder, 'noise.mrc') })
    const run = (watchers: number) => oneRun(child.pid as number, { call, url }, volume.volume_id, watchers)
    await run(0)
    const runs = new Map<number, Run[]>([
      [0, []],
      [WATCHERS, []],
    ])
    for (let round = 0; round < ROUNDS; round++)
      for (const [watchers, found] of runs) {
        const one = await run(watchers)
        console.log(`  ${watchers} watchers: ${JSON.stringify(one)}`)
        found.push(one)
      }
    printReport('live', rowsOf(runs), asJson)
  } finally {
    child.kill('SIGTERM')
    await gone
    await rm(folder, { recursive: true, force: true })
  }
}

function rowsOf(runs: Map<number, Run[]>): BenchRow[] {
  const of = (watchers: number, key: keyof Run) => median((runs.get(watchers) ?? []).map((run) => run[key]))
  const pair = (name: string, key: keyof Run): BenchRow => {
    const [watched, alone] = [of(WATCHERS, key), of(0, key)]
    return { name, value: watched, unit: 's', against: 'nobody watching', against_value: alone, ratio: watched / alone }
  }
  const fact = (name: string, value: number, unit: string): BenchRow => ({
    ...{ name, value, unit, against: null, against_value: null, ratio: null },
  })
  return [
    pair(`job with ${WATCHERS} watchers`, 'seconds'),
    pair(`processor time of server and worker, ${WATCHERS} watchers`, 'cpuSeconds'),
    fact('previews for each watcher', of(WATCHERS, 'previews') / WATCHERS, ''),
    fact('sent to all watchers', of(WATCHERS, 'bytes') / 2 ** 20, 'MiB'),
    fact('watchers that saw the end', of(WATCHERS, 'ended'), ''),
  ]
}

async function oneRun(
  pid: number,
  { call, url }: { call: Call; url: string },
  volume_id: string,
  watchers: number,
): Promise<Run> {
  const cpuBefore = await cpuSecondsOf(pid)
  const preview = { enabled: true, factor: 4, interval_seconds: 0 }
  const wanted = { volume_id, model: MODEL, params: { probability: false }, preview }
  const { job_id: jobId } = await call<Job>('/v1/jobs', wanted)
  const watching = Array.from({ length: watchers > 0 ? CLIENT_PROCESSES : 0 }, () =>
    watchInProcess(url, jobId, watchers / CLIENT_PROCESSES),
  )
  const job = await finished(call, jobId)
  const seen = await Promise.all(watching)
  const cpuSeconds = (await cpuSecondsOf(pid)) - cpuBefore
  const seconds = (Date.parse(job.finished_at as string) - Date.parse(job.created_at)) / 1000
  const sum = (key: keyof Seen) => seen.reduce((total, one) => total + one[key], 0)
  return { seconds, cpuSeconds, previews: sum('previews'), bytes: sum('bytes'), ended: sum('ended') }
}

function watchInProcess(url: string, jobId: string, count: number): Promise<Seen> {
  const child = fork(import.meta.filename, ['watch', url, jobId, String(count)])
  return new Promise((resolve, reject) => {
    child.once('message', (seen) => resolve(seen as Seen))
    child.once('exit', (code) => reject(new Error(`the watching process ended with ${code}`)))
  })
}

/** The part of a client process: so many sockets on one job until all are closed. */
async function watch(url: string, jobId: string, count: number): Promise<Seen> {
  const seen: Seen = { previews: 0, bytes: 0, ended: 0 }
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const headers = { authorization: `Bearer ${TOKEN}` }
      const address = `${url.replace(/^http/, 'ws')}/ws/jobs/${jobId}`
      const socket = new WebSocket(address, { headers, perMessageDeflate: false })
      socket.on('message', (data, isBinary) => {
        seen.bytes += (data as Buffer).length
        if (isBinary) seen.previews++
      })
      socket.on('error', reject)
      socket.on('close', (code) => {
        if (code === 1000) seen.ended++
        resolve()
      })
    })
  await Promise.all(Array.from({ length: count }, one))
  return seen
}

/**
 * Processor time of a process and of its children that have ended. Waits until none is left: one that ends while it is
 * looked at would be counted by neither or by both.
 */
async function cpuSecondsOf(pid: number): Promise<number> {
  while ((await childrenOf(pid)).length > 0) await new Promise((resolve) => setTimeout(resolve, 100))
  // utime, stime, cutime, cstime
  return (await statOf(pid)).slice(11, 15).reduce((sum, one) => sum + Number(one), 0) / TICKS_PER_SECOND
}

async function childrenOf(pid: number): Promise<number[]> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const parents = await Promise.all(all.map(async (one) => Number((await statOf(one))[1])))
  return all.filter((_, i) => parents[i] === pid)
}

/** Fields of `/proc/PID/stat` from the state on, which follows the name in brackets; none for a process that is gone. */
async function statOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** An MRC file of float32 noise, the same each time. */
async function writeNoise(file: string): Promise<void> {
  const voxels = new Float32Array(numVoxels(SHAPE))
  let state = 1
  for (let i = 0; i < voxels.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    voxels[i] = state / 2 ** 32 - 0.5
  }
  await writeFile(file, Buffer.concat([mrcHeader(SHAPE), new Uint8Array(voxels.buffer)]))
}

const [what, url, jobId, count] = process.argv.slice(2)
if (what === 'watch') {
  const seen = await watch(url, jobId, Number(count))
  process.send?.(seen)
  process.disconnect()
} else await benchLive(process.argv.includes('--json'))
