import type { MaskFormat } from '../../../../shared/contract/bridge.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import { Panel } from '../../ui/panel.tsx'

const FORMATS: readonly [MaskFormat, string, string][] = [
  ['mrc', 'MRC', 'For IMOD, ChimeraX, napari'],
  ['nii.gz', 'NIfTI', 'For ITK-SNAP, 3D Slicer, FSL (.nii.gz)'],
  ['nrrd', 'NRRD', 'For 3D Slicer, ITK-SNAP'],
]

/** Saves the finished mask on the grid of the volume. */
export function ExportPanel() {
  const session = useSession()
  const runRef = useFacts((state) => (state.run?.phase === 'completed' ? state.run.run_ref : null))
  const exporting = useFacts((state) => state.exporting)
  if (!runRef) return null
  return (
    <Panel title="Export mask">
      <div className="row">
        {FORMATS.map(([format, name, title]) => (
          <button
            key={format}
            type="button"
            title={title}
            disabled={exporting !== null}
            onClick={() => void session.exportMask(runRef, format)}
          >
            {exporting === format ? 'Saving…' : `${name}…`}
          </button>
        ))}
      </div>
      <p className="faint">The mask has the volume's own grid: it overlays voxel for voxel.</p>
    </Panel>
  )
}
