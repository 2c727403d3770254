import { useState } from 'react'
import { useSession } from '../../session/use-session.ts'
import { MarkdownText } from './markdown-text.tsx'
import correcting from './pages/correcting.md?raw'
import exporting from './pages/exporting.md?raw'
import firstSteps from './pages/first-steps.md?raw'
import looking from './pages/looking.md?raw'
import server from './pages/server.md?raw'
import { ShortcutsPage } from './shortcuts-page.tsx'

const PAGES: readonly [string, string | null][] = [
  ['First steps', firstSteps],
  ['Looking', looking],
  ['Running on a server', server],
  ['Correcting', correcting],
  ['Exporting', exporting],
  ['Shortcuts', null],
]

/** The help. It is part of the program and needs no network. */
export function HelpPages() {
  const [page, setPage] = useState(0)
  const { program } = useSession()
  const text = PAGES[page][1]
  return (
    <div className="help">
      <nav aria-label="Help pages">
        {PAGES.map(([name], index) => (
          <button
            key={name}
            type="button"
            className="quiet"
            aria-current={index === page ? 'page' : undefined}
            onClick={() => setPage(index)}
          >
            {name}
          </button>
        ))}
        <button type="button" className="quiet" onClick={() => void program.openOutside('project')}>
          Project page ↗
        </button>
      </nav>
      <article>{text === null ? <ShortcutsPage /> : <MarkdownText text={text} />}</article>
    </div>
  )
}
