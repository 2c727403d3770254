import { useFacts, useSession } from '../../session/use-session.ts'
import { Sheet } from '../../ui/sheet.tsx'
import { DiagnosticsPage } from '../diagnostics/diagnostics-page.tsx'
import { MoviePage } from '../pictures/movie-page.tsx'
import { ScreenshotPage } from '../pictures/screenshot-page.tsx'
import { SettingsPage } from '../settings/settings-page.tsx'
import { HelpPages } from './help-pages.tsx'
import { ShortcutsPage } from './shortcuts-page.tsx'

const TITLES = {
  settings: 'Settings',
  help: 'Help',
  shortcuts: 'Keyboard shortcuts',
  diagnostics: 'Diagnostics',
  screenshot: 'Save picture',
  movie: 'Save movie',
} as const
const PAGES = {
  settings: SettingsPage,
  help: HelpPages,
  shortcuts: ShortcutsPage,
  diagnostics: DiagnosticsPage,
  screenshot: ScreenshotPage,
  movie: MoviePage,
}

/** Whichever page is open over the window. */
export function Sheets() {
  const sheet = useFacts((state) => state.sheet)
  const setSheet = useFacts((state) => state.sheetChanged)
  const isMaking = useFacts((state) => state.making !== null)
  const { pictures } = useSession()
  const close = () => {
    pictures.cancel()
    setSheet(null)
  }
  if (!sheet) return null
  const Page = PAGES[sheet]
  return (
    <Sheet key={sheet} title={TITLES[sheet]} isHeld={isMaking} onClose={close}>
      <Page />
    </Sheet>
  )
}
