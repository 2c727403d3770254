import { useFacts, useSession } from '../../session/use-session.ts'
import { openingText } from '../../ui/format.ts'
import { Icon } from '../../ui/icon.tsx'

/** Name, the file on show, and the two things needed at any time. */
export function TopBar() {
  const session = useSession()
  const name = useFacts((state) => state.volume?.name ?? null)
  const opening = useFacts((state) => state.opening)
  const theme = useFacts((state) => state.theme)
  const other = theme === 'dark' ? 'light' : 'dark'
  return (
    <header className="top-bar">
      <button type="button" onClick={() => void session.chooseFile()}>
        <Icon name="open" /> Open…
      </button>
      <h1 title={name ?? undefined}>{opening ? openingText(opening) : (name ?? 'CryoMamba')}</h1>
      <button
        type="button"
        className="quiet"
        aria-label={`Switch to the ${other} theme`}
        title={`Switch to the ${other} theme`}
        onClick={() => void session.setTheme(other)}
      >
        <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
      </button>
    </header>
  )
}
