import { readFile } from 'node:fs/promises'

/**
 * Memory that a process holds, bytes: what is resident of it but for pages of files, as of the program, its libraries and
 * mapped weights, which the kernel can take back. Null where that cannot be told: the process is gone, or it is not Linux.
 * @see man 5 proc_pid_status
 */
export async function heldMemory(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kibOf = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
  const kib = kibOf('VmRSS') - kibOf('RssFile')
  return kib > 0 ? kib * 1024 : null
}
