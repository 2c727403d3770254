import { useFacts, useSession } from '../../session/use-session.ts'
import { Icon } from '../../ui/icon.tsx'

/** After a crash: where its report lies. It is sent to nobody. */
export function CrashNotice() {
  const { program } = useSession()
  const crash = useFacts((state) => state.crash)
  if (!crash) return null
  return (
    <div className="notice is-plain" role="status" data-testid="crash">
      <p>
        <strong>A part of CryoMamba stopped</strong> ({crash.what}). A report lies on this computer; it was not sent.
      </p>
      <button type="button" onClick={() => void program.openCrashFolder()}>
        Open folder
      </button>
      <button
        type="button"
        className="quiet"
        aria-label="Dismiss the crash report"
        onClick={() => void program.dismissCrash()}
      >
        <Icon name="close" />
      </button>
    </div>
  )
}
