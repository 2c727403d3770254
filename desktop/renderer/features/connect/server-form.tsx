import { type FormEvent, useState } from 'react'
import type { ConnectionTarget } from '../../../../shared/contract/bridge.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import { KnownServers } from './known-servers.tsx'

/** Address and token of a server. A token that is kept in the keychain is not shown; leaving the field empty uses it. */
export function ServerForm() {
  const session = useSession()
  const servers = useFacts((state) => state.app?.servers) ?? []
  const canKeep = useFacts((state) => state.app?.can_keep_tokens ?? false)
  const checkState = useFacts((state) => state.check.state)
  const forget = useFacts((state) => state.checkChanged)
  const [url, setUrl] = useState(servers[0]?.url ?? '')
  const [token, setToken] = useState('')
  const hasToken = servers.some((server) => server.url === url.trim() && server.has_token)
  const isBusy = checkState === 'testing' || checkState === 'connecting'
  const isComplete = url.trim() !== '' && (token.trim() !== '' || hasToken)
  const target: ConnectionTarget = { kind: 'server', url, token: token.trim() === '' ? null : token.trim() }
  const change = (set: (text: string) => void) => (event: FormEvent<HTMLInputElement>) => {
    set(event.currentTarget.value)
    forget({ state: 'idle' })
  }
  const choose = (known: string) => {
    setUrl(known)
    setToken('')
    forget({ state: 'idle' })
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isComplete && !isBusy) void session.servers.connect(target)
  }
  return (
    <form className="form" onSubmit={submit}>
      <KnownServers chosenUrl={url.trim()} onChoose={choose} />
      <label>
        <span className="field-name">Address</span>
        <input value={url} onInput={change(setUrl)} placeholder="http://gpu-server:8080" spellCheck={false} />
      </label>
      <label>
        <span className="field-name">Token</span>
        <input
          type="password"
          value={token}
          onInput={change(setToken)}
          placeholder={hasToken ? 'kept from last time' : 'from the server or its administrator'}
          autoComplete="off"
        />
      </label>
      <div className="row">
        <button type="button" disabled={!isComplete || isBusy} onClick={() => void session.servers.test(target)}>
          {checkState === 'testing' ? 'Testing…' : 'Test connection'}
        </button>
        <button type="submit" className="primary" disabled={!isComplete || isBusy}>
          {checkState === 'connecting' ? 'Connecting…' : 'Connect'}
        </button>
      </div>
      {isInClear(url) ? (
        <p className="result is-bad">
          Over http the token and the volume can be read on the way. Use https, unless this network is yours.
        </p>
      ) : null}
      {canKeep ? null : (
        <p className="faint">This system has no keychain: the token is kept only until CryoMamba closes.</p>
      )}
    </form>
  )
}

/** True for an address whose connection is not encrypted and leaves this computer. */
function isInClear(address: string): boolean {
  const text = address.trim()
  const url = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`
  if (text === '' || !URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}
