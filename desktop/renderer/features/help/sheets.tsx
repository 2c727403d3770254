import { useFacts } from '../../session/use-session.ts'
import { Sheet } from '../../ui/sheet.tsx'
import { DiagnosticsPage } from '../diagnostics/diagnostics-page.tsx'
import { SettingsPage } from '../settings/settings-page.tsx'
import { HelpPages } from './help-pages.tsx'
import { ShortcutsPage } from './shortcuts-page.tsx'

const TITLES = {
  settings: 'Settings',
  help: 'Help',
  shortcuts: 'Keyboard shortcuts',
  diagnostics: 'Diagnostics',
} as const
const PAGES = { settings: SettingsPage, help: HelpPages, shortcuts: ShortcutsPage, diagnostics: DiagnosticsPage }

/** Whichever page is open over the window. */
export function Sheets() {
  const sheet = useFacts((state) => state.sheet)
  const setSheet = useFacts((state) => state.sheetChanged)
  if (!sheet) return null
  const Page = PAGES[sheet]
  return (
    <Sheet key={sheet} title={TITLES[sheet]} onClose={() => setSheet(null)}>
      <Page />
    </Sheet>
  )
}
