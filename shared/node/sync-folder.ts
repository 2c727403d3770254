import { open } from 'node:fs/promises'

/** Puts the names in a folder on the disk: after a power loss a file that was only renamed may have its old name, or none. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    // Windows opens no folders, some network disks do not sync them.
    const { code } = error as NodeJS.ErrnoException
    if (!['EPERM', 'EACCES', 'EISDIR', 'EINVAL', 'ENOTSUP'].includes(String(code))) throw error
  }
}
