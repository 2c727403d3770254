import { readFile } from 'node:fs/promises'
import path from 'node:path'

/** Microsoft's release that `build/scripts/cuda-provider.mjs` installs, which compares the archive with this SHA-256. */
export const KNOWN_ARCHIVE = {
  name: 'onnxruntime-linux-x64-gpu_cuda12-1.29.0.tgz',
  sha256: '4ca594a0da83927befbd73fe020d7f569be151d70bb4fe9741ad405f4882e2ad',
}

/**
 * SHA-256 of the provider's files by their names, as they came out of the known archive; null where they were not
 * installed from it. The list lies beside the files: it shows what was changed or mixed up, not who had write access.
 */
export async function readOrigin(
  folder: string,
  known = KNOWN_ARCHIVE,
): Promise<Readonly<Record<string, string>> | null> {
  const text = await readFile(path.join(folder, 'cuda-provider.json'), 'utf8').catch(() => null)
  const found = text === null ? null : parsed(text)
  if (found?.archive_sha256 !== known.sha256 || typeof found.files !== 'object') return null
  return found.files as Readonly<Record<string, string>> | null
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
