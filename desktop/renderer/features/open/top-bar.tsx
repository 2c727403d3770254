import { useFacts, useSession } from '../../session/use-session.ts'
import { openingText } from '../../ui/format.ts'
import { Icon } from '../../ui/icon.tsx'

/** Name, the file on show, and what is needed at any time. */
export function TopBar() {
  const session = useSession()
  const name = useFacts((state) => state.volume?.name ?? null)
  const opening = useFacts((state) => state.opening)
  const hasPicture = useFacts((state) => state.level !== null)
  const theme = useFacts((state) => state.theme)
  const other = theme === 'dark' ? 'light' : 'dark'
  return (
    <header className="top-bar">
      <button type="button" onClick={() => void session.chooseFile()}>
        <Icon name="open" /> Open…
      </button>
      <h1 title={name ?? undefined}>{opening ? openingText(opening) : (name ?? 'CryoMamba')}</h1>
      <div className="top-bar-right">
        {hasPicture ? <PictureButtons /> : null}
        <button
          type="button"
          className="quiet"
          aria-label={`Switch to the ${other} theme`}
          title={`Switch to the ${other} theme`}
          onClick={() => void session.setTheme(other)}
        >
          <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
        </button>
      </div>
    </header>
  )
}

/** What is on the screen, taken away. */
function PictureButtons() {
  const open = useFacts((state) => state.sheetChanged)
  return (
    <>
      <button
        type="button"
        className="quiet"
        aria-label="Save picture"
        title="Save a picture of the panes"
        onClick={() => open('screenshot')}
      >
        <Icon name="camera" />
      </button>
      <button
        type="button"
        className="quiet"
        aria-label="Save movie"
        title="Save a movie of slices, or of the turning 3D view"
        onClick={() => open('movie')}
      >
        <Icon name="film" />
      </button>
    </>
  )
}
