import { useFacts } from '../../session/use-session.ts'

/** What the last attempt to reach a server came to. */
export function CheckResult() {
  const check = useFacts((state) => state.check)
  if (check.state === 'answered')
    return (
      <p className="result is-good" role="status" data-testid="connection-result">
        The server answers and accepts the token. CryoMamba {check.info.version},{' '}
        {check.info.devices.map((device) => device.name).join(', ') || 'no device named'}.
      </p>
    )
  if (check.state === 'failed')
    return (
      <p className="result is-bad" role="alert" data-testid="connection-result" data-code={check.problem.code}>
        <strong>{check.problem.message}</strong> {check.problem.hint}
      </p>
    )
  return null
}
