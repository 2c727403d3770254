import { useRef, useState } from 'react'
import { useFacts, useSession } from '../../session/use-session.ts'
import { Panel } from '../../ui/panel.tsx'
import { CheckResult } from './check-result.tsx'
import { deviceNames } from './device-names.ts'
import { IdentityLine } from './identity-line.tsx'
import { NewToken } from './new-token.tsx'
import { ServerForm } from './server-form.tsx'

/** Another token may help. */
const NEW_TOKEN_CODES: readonly string[] = ['unauthorized', 'token_expired']

type Place = 'local' | 'server'

/** Where models run. */
export function ConnectPanel() {
  const session = useSession()
  const connection = useFacts((state) => state.connection)
  const isBusy = useFacts((state) => state.check.state === 'connecting' || state.check.state === 'testing')
  const hasServers = useFacts((state) => (state.app?.servers.length ?? 0) > 0)
  const usesThisComputer = useFacts((state) => state.app?.uses_this_computer ?? false)
  const [chosen, setChosen] = useState<Place | null>(null)
  // Removing the last one does not lead away from the form.
  const hadServers = useRef(false)
  hadServers.current ||= hasServers
  const place = chosen ?? (hadServers.current && !usesThisComputer ? 'server' : 'local')
  if (connection) return <ConnectedPanel />
  return (
    <Panel title="Compute">
      <div className="segments" role="radiogroup" aria-label="Where to compute">
        {(['local', 'server'] as const).map((value) => (
          <label key={value} className={place === value ? 'is-chosen' : undefined}>
            <input type="radio" name="place" checked={place === value} onChange={() => setChosen(value)} />
            {value === 'local' ? 'This computer' : 'Server'}
          </label>
        ))}
      </div>
      {place === 'server' ? (
        <ServerForm />
      ) : (
        <>
          <p className="faint">Runs the models here. Nothing leaves this computer.</p>
          <button type="button" disabled={isBusy} onClick={() => void session.servers.connect({ kind: 'local' })}>
            {isBusy ? 'Starting…' : 'Use this computer'}
          </button>
        </>
      )}
      <CheckResult />
    </Panel>
  )
}

function ConnectedPanel() {
  const session = useSession()
  const connection = useFacts((state) => state.connection)
  const problem = useFacts((state) => state.serverProblem)
  if (!connection) return null
  return (
    <Panel
      title="Compute"
      aside={
        <button type="button" className="small" onClick={() => void session.servers.leave()}>
          Change
        </button>
      }
    >
      <p className="connected" data-testid="connected" data-lost={problem !== null}>
        <span className={problem ? 'dot is-lost' : 'dot'} aria-hidden="true" />
        {connection.kind === 'local' ? 'This computer' : connection.url}
      </p>
      <p className="faint">
        {deviceNames(connection.info)} · CryoMamba {connection.info.version}
      </p>
      <IdentityLine me={connection.kind === 'local' ? null : connection.me} />
      {problem ? (
        <p className="result is-bad" role="alert" data-code={problem.code}>
          <strong>{problem.message}</strong> {problem.hint}
        </p>
      ) : null}
      {problem && NEW_TOKEN_CODES.includes(problem.code) ? (
        <NewToken url={connection.url} />
      ) : (
        connection.kind === 'server' && (
          <details className="fold">
            <summary>Another token</summary>
            <NewToken url={connection.url} />
          </details>
        )
      )}
    </Panel>
  )
}
