import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { BridgeClient } from './session/bridge-client.ts'
import { Session } from './session/session.ts'
import { SessionContext } from './session/use-session.ts'
import { createDesktopStore } from './state/store.ts'
import { ErrorBoundary } from './ui/error-boundary.tsx'

/** Composition root of the window. No StrictMode: it would give the canvas to NiiVue twice. */
const session = new Session(createDesktopStore(), new BridgeClient(window.cryomamba))
const root = document.getElementById('root')
if (root)
  createRoot(root).render(
    <SessionContext value={session}>
      <ErrorBoundary>
        <App />
      </ErrorBoundary>
    </SessionContext>,
  )
void session.start()
