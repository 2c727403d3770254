import {
  COMMANDS,
  type CommandRow,
  PICTURE_KEYS,
  shownKeys,
  WINDOW_SHORTCUTS,
} from '../../../../shared/contract/commands.ts'
import { useFacts } from '../../session/use-session.ts'

const ROWS: readonly CommandRow[] = [...Object.values(COMMANDS), ...Object.values(WINDOW_SHORTCUTS)]
const MENUS = ['File', 'View', 'Go', 'Help'] as const

/** Every shortcut, from the table that makes the menu. */
export function ShortcutsPage() {
  const isMac = useFacts((state) => state.app?.platform === 'darwin')
  return (
    <div className="shortcuts">
      {MENUS.map((menu) => (
        <KeyTable
          key={menu}
          name={menu}
          rows={ROWS.filter((row) => row.menu === menu && row.keys).map((row) => ({
            label: row.label,
            keys: shownKeys(row.keys ?? '', isMac),
          }))}
        />
      ))}
      <KeyTable name="In the picture" rows={PICTURE_KEYS} />
    </div>
  )
}

function KeyTable({ name, rows }: { name: string; rows: readonly { label: string; keys: string }[] }) {
  return (
    <table className="keys">
      <caption>{name}</caption>
      <tbody>
        {rows.map(({ label, keys }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td>
              <kbd>{keys}</kbd>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
