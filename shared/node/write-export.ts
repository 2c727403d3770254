import path from 'node:path'
import { PartialFile } from './partial-file.ts'
import { asWriteProblem } from './write-volume.ts'

/**
 * Writes a file of the user's by way of `file.partial`: chunks, sync, rename.
 * @throws {DomainError} `file_unwritable`
 */
export async function writeChunks(
  file: string,
  chunks: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const partial = await PartialFile.create(file)
  try {
    for await (const chunk of chunks)
      await partial.write(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk)
  } catch (error) {
    await partial.discard()
    throw asWriteProblem(error, file)
  }
  await partial.finish()
}

/** What every provenance says first: the program, the time, the file. */
export function provenanceHead(file: string, programVersion: string) {
  return {
    schema_version: 1,
    program: { name: 'cryomamba', version: programVersion },
    written_at: new Date().toISOString(),
    file: path.basename(file),
  }
}

/** Writes `file.provenance.json`: the program, the time, the file, and what it was made of. */
export function writeProvenance(file: string, facts: Record<string, unknown>, programVersion: string): Promise<void> {
  return writeProvenanceText(file, JSON.stringify({ ...provenanceHead(file, programVersion), ...facts }, null, 2))
}

/** Writes `file.provenance.json` as it was made before. */
export function writeProvenanceText(file: string, text: string): Promise<void> {
  return writeChunks(`${file}.provenance.json`, [`${text}\n`])
}
