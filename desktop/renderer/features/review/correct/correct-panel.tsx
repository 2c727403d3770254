import { useFacts, useSession } from '../../../session/use-session.ts'
import { Panel } from '../../../ui/panel.tsx'
import { ThresholdSliders } from './threshold-sliders.tsx'
import { ToolOptions } from './tool-options.tsx'

/** Begins to correct a mask of the open volume; then what is done with it as a whole. */
export function CorrectPanel() {
  const volume = useFacts((state) => state.volume)
  const mask = useFacts((state) => state.mask)
  if (!volume) return null
  return (
    <Panel title="Correct" aside={mask?.is_unsaved ? <span className="unsaved">not exported</span> : null}>
      {mask ? <Correcting /> : <Beginnings volumeRef={volume.volume_ref} />}
    </Panel>
  )
}

function Beginnings({ volumeRef: volume_ref }: { volumeRef: string }) {
  const { masks } = useSession()
  const runRef = useFacts((state) => (state.run?.phase === 'completed' ? state.run.run_ref : null))
  return (
    <>
      {runRef ? (
        <button
          type="button"
          className="wide"
          onClick={() => void masks.begin({ kind: 'run', volume_ref, run_ref: runRef })}
        >
          Correct this mask
        </button>
      ) : null}
      <div className="row">
        <button type="button" onClick={() => void masks.begin({ kind: 'file', volume_ref, mode0: null })}>
          Open a mask…
        </button>
        <button type="button" onClick={() => void masks.begin({ kind: 'empty', volume_ref })}>
          Empty mask
        </button>
      </div>
    </>
  )
}

function Correcting() {
  const { masks } = useSession()
  const mask = useFacts((state) => state.mask)
  const tool = useFacts((state) => state.tool)
  const showsBefore = useFacts((state) => state.showsBefore)
  const toggleBefore = useFacts((state) => state.beforeToggled)
  if (!mask) return null
  const began = mask.origin === 'empty' ? 'an empty mask' : mask.origin_name
  return (
    <>
      <p className="faint">
        Began with {began}; {mask.num_changes} {mask.num_changes === 1 ? 'change' : 'changes'}, kept as they are made.
      </p>
      {mask.warnings ? (
        <ul className="warnings">
          {mask.warnings.map(({ message }) => (
            <li key={message}>{message}</li>
          ))}
        </ul>
      ) : null}
      <div className="row">
        <button type="button" disabled={!mask.undo_name} title="Ctrl or ⌘ and Z" onClick={() => void masks.undo()}>
          Undo {mask.undo_name ?? ''}
        </button>
        <button
          type="button"
          disabled={!mask.redo_name}
          title="Ctrl or ⌘, Shift and Z"
          onClick={() => void masks.redo()}
        >
          Redo {mask.redo_name ?? ''}
        </button>
      </div>
      <ToolOptions tool={tool} busy={mask.busy} />
      <label className="check">
        <input type="checkbox" checked={showsBefore} onChange={() => toggleBefore(!showsBefore)} /> Show it as it was
        before (C)
      </label>
      {mask.has_probability ? <ThresholdSliders /> : null}
      <Ending isUnsaved={mask.is_unsaved} />
    </>
  )
}

function Ending({ isUnsaved }: { isUnsaved: boolean }) {
  const { masks } = useSession()
  if (!isUnsaved)
    return (
      <button type="button" className="wide" onClick={() => void masks.close(false)}>
        Done
      </button>
    )
  return (
    <details className="ending">
      <summary>End without exporting…</summary>
      <p className="faint">All changes since the beginning are thrown away.</p>
      <button type="button" className="wide" onClick={() => void masks.close(true)}>
        Discard the changes
      </button>
    </details>
  )
}
