import { useEffect, useRef } from 'react'
import type { RunView } from '../../../../shared/contract/bridge.ts'
import { physicalVolume } from '../../../../shared/volume/physical-volume.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import { formatCount, formatValue } from '../../ui/format.ts'
import { rowText } from './progress-text.ts'

/** The files of a batch with what was found in each, over the window. */
export function BatchResults() {
  const batchRef = useFacts((state) => state.shownBatch)
  const runs = useFacts((state) => state.runs)
  const found = runs.filter((run) => run.batch_ref !== null && run.batch_ref === batchRef)
  return batchRef !== null && found.length > 0 ? <ResultsDialog batchRef={batchRef} runs={found.toReversed()} /> : null
}

function ResultsDialog({ batchRef, runs }: { batchRef: string; runs: readonly RunView[] }) {
  const session = useSession()
  const show = useFacts((state) => state.batchShown)
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const names = [...new Set(runs.flatMap((run) => run.labels.map(({ name }) => name)))]
  return (
    <dialog ref={dialog} className="results" aria-label="Table of results" onClose={() => show(null)}>
      <div className="results-body">
        <table data-testid="batch-table">
          <thead>
            <tr>
              <th>File</th>
              <th>State</th>
              {names.map((name) => (
                <th key={name}>{name}</th>
              ))}
              <th>Mask</th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <tr key={run.run_ref} data-phase={run.phase}>
                <td>
                  <button
                    type="button"
                    className="quiet"
                    onClick={() => {
                      dialog.current?.close()
                      void session.runs.show(run.run_ref)
                    }}
                  >
                    {run.volume_name}
                  </button>
                </td>
                <td>{rowText(run)}</td>
                {names.map((name) => (
                  <td key={name} className="number">
                    <LabelSize run={run} name={name} />
                  </td>
                ))}
                <td>{run.saved_as ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="row">
        <button type="button" onClick={() => void session.runs.exportBatch(batchRef)}>
          Save as CSV…
        </button>
        <button type="button" className="primary" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  )
}

/** Voxels of a label, and its volume where the voxel size is known. */
function LabelSize({ run, name }: { run: RunView; name: string }) {
  const voxels = run.labels.find((label) => label.name === name)?.voxels ?? null
  if (voxels === null) return '–'
  const size = physicalVolume(voxels, run.voxel_size_zyx, run.unit)
  return (
    <>
      {formatCount(voxels)}
      {size ? (
        <span className="faint">
          {' '}
          · {formatValue(size.value)} {size.unit}³
        </span>
      ) : null}
    </>
  )
}
