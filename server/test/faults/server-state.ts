import { readdir, readFile } from 'node:fs/promises'

/** What a process holds; Linux only, null elsewhere. */
export interface ServerState {
  openFiles: number
  memoryBytes: number
}

export async function stateOf(pid: number): Promise<ServerState | null> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const kib = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])
    return { openFiles: (await readdir(`/proc/${pid}/fd`)).length, memoryBytes: kib * 1024 }
  } catch {
    return null
  }
}
