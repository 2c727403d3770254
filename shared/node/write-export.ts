import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { asWriteProblem } from './write-volume.ts'

/**
 * Writes a file of the user's by way of `file.partial`: chunks, sync, rename.
 * @throws {DomainError} `file_unwritable`
 */
export async function writeChunks(
  file: string,
  chunks: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const partial = `${file}.partial`
  let handle: FileHandle | null = null
  try {
    await rm(partial, { force: true })
    handle = await open(partial, 'wx')
    for await (const chunk of chunks) await handle.appendFile(chunk)
    await handle.sync()
    await handle.close()
    handle = null
    await rename(partial, file)
  } catch (error) {
    await handle?.close().catch(() => undefined)
    await rm(partial, { force: true }).catch(() => undefined)
    throw asWriteProblem(error, file)
  }
}

/** Writes `file.provenance.json`: the program, the time, the file, and what it was made of. */
export function writeProvenance(file: string, facts: Record<string, unknown>, programVersion: string): Promise<void> {
  const provenance = {
    schema_version: 1,
    program: { name: 'cryomamba', version: programVersion },
    written_at: new Date().toISOString(),
    file: path.basename(file),
    ...facts,
  }
  return writeChunks(`${file}.provenance.json`, [`${JSON.stringify(provenance, null, 2)}\n`])
}
