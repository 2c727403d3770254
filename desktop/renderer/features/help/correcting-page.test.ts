import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { TOOL_KEYS } from '../../session/mask-editing.ts'

const ROOT = path.resolve(import.meta.dirname, '../../../..')

/** Rows of a table of keys: the key, and what its tool is called. */
function keysOf(file: string): Record<string, string> {
  const rows = readFileSync(path.join(ROOT, file), 'utf8').matchAll(/^\| `?([A-Z])`? \| ([A-Za-z ]+) \|/gm)
  return Object.fromEntries(Array.from(rows, ([, key, tool]) => [key.toLowerCase(), tool.toLowerCase()]))
}

it.each(['desktop/renderer/features/help/pages/correcting.md', 'docs/correcting.md'])(
  'names the key of every tool, and no other: %s',
  (file) => {
    const { i, c, ...tools } = keysOf(file)
    expect(i).toBe('between slices')
    expect(Object.keys(tools).sort()).toEqual(Object.keys(TOOL_KEYS).sort())
    for (const [key, tool] of Object.entries(TOOL_KEYS)) expect(tools[key].split(' ')[0]).toBe(tool)
  },
)
