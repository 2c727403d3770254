import { useEffect, useState } from 'react'
import type { Diagnostics } from '../../../../shared/contract/preferences.ts'
import { envelopeOf } from '../../../../shared/errors/domain-error.ts'
import { useSession } from '../../session/use-session.ts'
import { Facts } from '../../ui/facts.tsx'

const REFRESH_MS = 2000

/** The program and its processes now, and a report to copy that has no secrets in it. */
export function DiagnosticsPage() {
  const { program, store } = useSession()
  const [now, setNow] = useState<Diagnostics | null>(null)
  useEffect(() => {
    const read = () => program.readDiagnostics().then(setNow, (error) => store.getState().problemMet(envelopeOf(error)))
    void read()
    const timer = setInterval(read, REFRESH_MS)
    return () => clearInterval(timer)
  }, [program, store])
  if (!now) return <p className="faint">Reading…</p>
  return (
    <div className="diagnostics">
      <Facts
        facts={[
          ...now.versions.map(({ name, version }) => ({ name, value: version })),
          { name: 'Connection', value: now.connection },
        ]}
      />
      <table>
        <caption>Processes</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Number</th>
            <th scope="col">Memory</th>
            <th scope="col">Processor</th>
          </tr>
        </thead>
        <tbody>
          {now.processes.map(({ pid, name, memory_mib, cpu_percent }) => (
            <tr key={pid}>
              <th scope="row">{name}</th>
              <td>{pid}</td>
              <td>{memory_mib} MiB</td>
              <td>{cpu_percent} %</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3>Last lines of the log</h3>
      <pre data-testid="log">{now.log.join('\n') || 'Nothing yet.'}</pre>
      <button type="button" onClick={() => void program.copyDiagnostics()}>
        Copy the report
      </button>
    </div>
  )
}
