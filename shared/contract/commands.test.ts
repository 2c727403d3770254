import { describe, expect, it } from 'vitest'
import { COMMANDS, type CommandRow, PICTURE_KEYS, shownKeys, WINDOW_SHORTCUTS } from './commands.ts'

const ROWS: CommandRow[] = [...Object.values(COMMANDS), ...Object.values(WINDOW_SHORTCUTS)]

describe('the table of commands', () => {
  it('is what docs/shortcuts.md lists', async () => {
    const row = (label: string, linux: string, mac: string) => `| ${label} | ${linux} | ${mac} |`
    const lines = ROWS.filter(({ keys }) => keys).map(({ menu, label, keys }) =>
      row(`${menu}: ${label}`, `\`${shownKeys(keys ?? '', false)}\``, `\`${shownKeys(keys ?? '', true)}\``),
    )
    const picture = PICTURE_KEYS.map(({ label, keys }) => row(`In the picture: ${label}`, keys, keys))
    const table = [row('What', 'Linux, Windows', 'macOS'), '| --- | --- | --- |', ...lines, ...picture].join('\n')
    await expect(`# Keyboard shortcuts\n\n${table}\n`).toMatchFileSnapshot('../../docs/shortcuts.md')
  })

  it('gives every shortcut once', () => {
    const keys = ROWS.flatMap((row) => row.keys ?? [])
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('writes shortcuts as the keyboard has them', () => {
    expect(shownKeys('CmdOrCtrl+Shift+[', false)).toBe('Ctrl+Shift+[')
    expect(shownKeys('CmdOrCtrl+Shift+[', true)).toBe('⌘⇧[')
    expect(shownKeys('CmdOrCtrl+Plus', true)).toBe('⌘+')
    expect(shownKeys('CmdOrCtrl+Plus', false)).toBe('Ctrl++')
  })
})
