import type { RunView } from '../../../../shared/contract/bridge.ts'

/** What happened to a run, newest last. */
export function RunLog({ run }: { run: RunView }) {
  return (
    <details className="fold">
      <summary>Log</summary>
      <ol className="log" data-testid="run-log">
        {run.log.map(({ time, text }) => (
          <li key={time + text}>
            <time dateTime={time}>{new Date(time).toLocaleTimeString()}</time> {text}
          </li>
        ))}
      </ol>
    </details>
  )
}
