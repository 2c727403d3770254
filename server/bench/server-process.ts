import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import type { Job } from '../../shared/contract/jobs.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'

/** What benchmarks ask of a server. */
export type Call = <T>(location: string, body?: object) => Promise<T>

/** Requests to the server: with a body a POST, without one a GET. */
export function caller(url: string, token: string): Call {
  return async <T>(location: string, body?: object) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const sent = body ? { method: 'POST', body: JSON.stringify(body), headers } : { headers }
    const reply = await fetch(`${url}${location}`, sent)
    if (!reply.ok) throw new Error(await reply.text())
    return (await reply.json()) as T
  }
}

/** The job once it is completed. @throws when it ended otherwise */
export async function finished(call: Call, jobId: string): Promise<Job> {
  for (;;) {
    const job = await call<Job>(`/v1/jobs/${jobId}`)
    if (job.state === 'completed') return job
    if (job.error || job.state === 'canceled') throw new Error(`the job ended as ${job.state}: ${job.error?.message}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

/** The real server in a process of its own on a free port. */
export function startServer(dataFolder: string, env: Record<string, string>) {
  const entry = path.join(import.meta.dirname, '../main.js')
  const child: ChildProcess = fork(entry, ['--port', '0', '--data', dataFolder, '--json'], {
    env: { ...process.env, CRYOMAMBA_LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  return new Promise<{ child: ChildProcess; url: string; token: string }>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').once('data', (line: string) => resolve({ child, ...JSON.parse(line) }))
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
  })
}

/** Header of an MRC file of float32 voxels, 10 Å each. */
export function mrcHeader([nz, ny, nx]: Zyx): Buffer {
  const header = Buffer.alloc(1024)
  for (const [word, value] of [nx, ny, nz, 2, 0, 0, 0, nx, ny, nz].entries()) header.writeInt32LE(value, word * 4)
  for (const [i, size] of [nx, ny, nz].entries()) {
    header.writeFloatLE(size * 10, 40 + 4 * i)
    header.writeFloatLE(90, 52 + 4 * i)
    header.writeInt32LE(i + 1, 64 + 4 * i)
  }
  header.writeInt32LE(1, 88)
  header.write('MAP DD', 208, 'latin1')
  return header
}
