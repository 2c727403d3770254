import { readdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Tally } from './tally.ts'

/** Part of every hostile file name: a file of this name anywhere has escaped. */
export const ESCAPED = 'esc4pe'

/** Names in the folders around a server, before and after. */
export interface Surroundings {
  root: string
  folders: Map<string, Set<string>>
}

/** What lies in the temporary folder, in the folder of the run, in its parent and in the home folder. */
export async function lookAround(root: string): Promise<Surroundings> {
  const folders = new Map<string, Set<string>>()
  for (const folder of new Set([os.tmpdir(), root, path.dirname(root), os.homedir(), process.cwd(), '/']))
    folders.set(folder, new Set(await readdir(folder).catch(() => [])))
  return { root, folders }
}

/**
 * Tells what is new outside of the data folder.
 * @param expected names that the run itself makes in its folder; elsewhere other programs write, too, so that there
 *   only names that a hostile request gave count
 */
export async function checkAround(before: Surroundings, expected: readonly string[], tally: Tally): Promise<void> {
  for (const [folder, names] of before.folders) {
    const isOwn = folder === before.root
    for (const name of await readdir(folder).catch(() => [])) {
      if (names.has(name) || expected.includes(name)) continue
      if (!isOwn && !name.includes(ESCAPED)) continue
      tally.wrong(`new outside of the data folder: ${path.join(folder, name)}`)
    }
  }
}
