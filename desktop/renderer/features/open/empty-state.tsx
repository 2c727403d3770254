import { useFacts, useSession } from '../../session/use-session.ts'
import { openingText } from '../../ui/format.ts'
import { RecentList } from './recent-list.tsx'

/** What a newcomer sees: one way to a result, and the ways to open a file. */
export function EmptyState() {
  const session = useSession()
  const hasSample = useFacts((state) => state.app?.has_sample ?? false)
  const canRunHere = useFacts((state) => state.app !== null && state.app.local_engine_problem === null)
  const opening = useFacts((state) => state.opening)
  const setSheet = useFacts((state) => state.sheetChanged)
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
      <RecentList />
      {hasSample && canRunHere ? (
        <section className="first-result" aria-label="First result">
          <h3>New here?</h3>
          <p>
            See a segmentation within a minute: the sample, a small synthetic tomogram, is opened and the bundled model
            runs on this computer. Nothing leaves it.
          </p>
          <div className="row">
            <button type="button" onClick={() => void session.program.showFirstResult()}>
              Show me a result
            </button>
            <button type="button" className="quiet" onClick={() => setSheet('help')}>
              Help
            </button>
          </div>
        </section>
      ) : null}
    </div>
  )
}
