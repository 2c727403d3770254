import { useFacts } from '../session/use-session.ts'
import { Icon } from './icon.tsx'

/** What went wrong and what to do, or what was done; each can be dismissed. */
export function Notices() {
  const notices = useFacts((state) => state.notices)
  const dismiss = useFacts((state) => state.noticeDismissed)
  return (
    <div aria-live="polite">
      {notices.map(({ notice_id, kind, message, hint }) => (
        <div key={notice_id} className={`notice is-${kind}`} role={kind === 'problem' ? 'alert' : 'status'}>
          <p>
            <strong>{message}</strong> {hint}
          </p>
          <button type="button" className="quiet" aria-label="Dismiss" onClick={() => dismiss(notice_id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  )
}
