import { useFacts, useSession } from '../../../session/use-session.ts'

const DOUBTS = {
  changed: 'The file has changed since: check whether they still fit it.',
  unknown: 'The file may have changed since: check whether they still fit it.',
} as const

/** Asked once after a start: what becomes of changes that were kept and not exported. */
export function KeptQuestion() {
  const { masks } = useSession()
  const kept = useFacts((state) => state.keptMask)
  if (!kept) return null
  const { volume_name, num_changes, changed_at, doubt } = kept
  return (
    <div className="notice is-done kept" role="status">
      <p>
        <strong>Corrections of {volume_name} were kept.</strong>{' '}
        {num_changes === 1 ? '1 change' : `${num_changes} changes`}, not all of them in an export, last worked on{' '}
        {new Date(changed_at).toLocaleString()}.{doubt ? <strong> {DOUBTS[doubt]}</strong> : null}
      </p>
      <button type="button" className="primary" onClick={() => void masks.recover(true)}>
        Go on with them
      </button>
      <button type="button" onClick={() => void masks.recover(false)}>
        Throw away
      </button>
    </div>
  )
}
