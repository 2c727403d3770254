import { useFacts, useSession } from '../../session/use-session.ts'
import { openingText } from '../../ui/format.ts'

/** What a newcomer sees. */
export function EmptyState() {
  const session = useSession()
  const hasSample = useFacts((state) => state.app?.has_sample ?? false)
  const opening = useFacts((state) => state.opening)
  return (
    <div className="empty">
      <h2>{opening ? openingText(opening) : 'No volume open'}</h2>
      <p>Drop an MRC, NIfTI or NRRD file or an OME-Zarr folder here, or choose one.</p>
      <div className="row">
        <button type="button" className="primary" onClick={() => void session.chooseFile()}>
          Open volume…
        </button>
        {hasSample ? (
          <button type="button" onClick={() => void session.openSample()}>
            Open the sample
          </button>
        ) : null}
      </div>
      {hasSample ? <p className="faint">The sample is a small synthetic tomogram with a known answer.</p> : null}
    </div>
  )
}
