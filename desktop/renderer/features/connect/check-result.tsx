import { useFacts } from '../../session/use-session.ts'
import { deviceNames } from './device-names.ts'

/** What the last attempt to reach a server came to. */
export function CheckResult() {
  const check = useFacts((state) => state.check)
  if (check.state === 'answered')
    return (
      <p className="result is-good" role="status" data-testid="connection-result">
        The server answers and accepts the token. CryoMamba {check.info.version}, {deviceNames(check.info)}.
      </p>
    )
  if (check.state === 'failed')
    return (
      <p className="result is-bad" role="alert" data-testid="connection-result" data-code={check.problem.code}>
        {check.problem.code === 'certificate_untrusted' ? (
          <>
            <strong>The server's certificate was not confirmed.</strong> Nothing was sent. Connect again to see its
            fingerprint.
          </>
        ) : (
          <>
            <strong>{check.problem.message}</strong> {check.problem.hint}
          </>
        )}
      </p>
    )
  return null
}
