import { type FormEvent, useState } from 'react'
import { useFacts, useSession } from '../../session/use-session.ts'
import { CheckResult } from './check-result.tsx'

/** Takes another token for the server in use; runs that go on there continue with it. */
export function NewToken({ url }: { url: string }) {
  const session = useSession()
  const isBusy = useFacts((state) => state.check.state === 'connecting')
  const [token, setToken] = useState('')
  const use = async (given: string) => {
    await session.servers.connect({ kind: 'server', url, token: given })
    if (session.store.getState().check.state !== 'failed') setToken('')
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (token.trim() !== '') void use(token.trim())
  }
  return (
    <form className="form" onSubmit={submit}>
      <label>
        <span className="field-name">New token</span>
        <input
          type="password"
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
          placeholder="from the server or its administrator"
          autoComplete="off"
        />
      </label>
      <button type="submit" disabled={token.trim() === '' || isBusy}>
        {isBusy ? 'Connecting…' : 'Use it'}
      </button>
      <CheckResult />
    </form>
  )
}
