import { useEffect, useState } from 'react'
import type { OtherJob } from '../../../../shared/contract/other-jobs.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import { Panel } from '../../ui/panel.tsx'
import { jobText, matchText } from './other-job-text.ts'

/** A request each; a token may send 60 a minute. */
const LOOK_EVERY_MS = 15_000

/** Jobs of the same user on the server in use that this program did not make: folded, and asked for while open. */
export function OtherJobs() {
  const { runs } = useSession()
  const server = useFacts((state) => (state.connection?.kind === 'server' ? state.connection.url : null))
  const found = useFacts((state) => state.otherJobs)
  const volumeRef = useFacts((state) => state.volume?.volume_ref ?? null)
  const [isOpen, setIsOpen] = useState(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another server or file is another answer
  useEffect(() => {
    if (!isOpen) return
    void runs.lookElsewhere()
    const timer = setInterval(() => void runs.lookElsewhere(), LOOK_EVERY_MS)
    return () => clearInterval(timer)
  }, [isOpen, server, volumeRef, runs])
  if (!server) return null
  return (
    <Panel title="On the server">
      <details className="fold" open={isOpen} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
        <summary>Jobs made elsewhere</summary>
        {found === null ? <p className="faint">Asking the server…</p> : null}
        {found?.jobs.length === 0 ? (
          <p className="faint">There are none{found.has_older ? ' among the newest' : ''}.</p>
        ) : null}
        <ul className="run-list">
          {found?.jobs.map((job) => (
            <JobRow key={job.job_id} job={job} />
          ))}
        </ul>
        {found?.has_older ? (
          <button type="button" className="wide" onClick={() => void runs.lookFurther()}>
            Show older
          </button>
        ) : null}
      </details>
    </Panel>
  )
}

function JobRow({ job }: { job: OtherJob }) {
  const { runs } = useSession()
  const { job_id: id, state, volume_name: name, model, created_at: createdAt } = job
  const isPaused = state === 'paused'
  const hasStopped = state === 'failed' || state === 'canceled'
  const canCancel = !hasStopped && state !== 'completed'
  const isGoing = canCancel && !isPaused
  return (
    <li className="run-row" data-testid="other-job" data-state={state} data-match={job.match}>
      <p>
        <strong>{name ?? 'A volume that is gone'}</strong>
      </p>
      <p className="faint">
        {model} · {new Date(createdAt).toLocaleString()}
      </p>
      <p>{jobText(job)}</p>
      <p className="faint">{matchText(job)}</p>
      <div className="row">
        {hasStopped || isPaused ? (
          <button type="button" className="small" onClick={() => void runs.adopt(id, 'retry')}>
            {isPaused ? 'Go on' : 'Try again'}
          </button>
        ) : (
          <button type="button" className="small" onClick={() => void runs.adopt(id, 'follow')}>
            {isGoing ? 'Watch' : job.match === 'open' ? 'Show the mask' : 'Fetch the mask'}
          </button>
        )}
        {canCancel ? (
          <button type="button" className="small" onClick={() => void runs.adopt(id, 'cancel')}>
            Cancel
          </button>
        ) : null}
      </div>
    </li>
  )
}
