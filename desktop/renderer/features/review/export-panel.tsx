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
  const mask = useFacts((state) => state.mask)
  const exporting = useFacts((state) => state.exporting)
  const save = (format: MaskFormat) => {
    if (mask) void session.masks.save(format)
    else if (runRef) void session.exportMask(runRef, format)
  }
  if (!runRef && !mask) return null
  return (
    <Panel title="Export mask">
      <div className="row">
        {FORMATS.map(([format, name, title]) => (
          <button key={format} type="button" title={title} disabled={exporting !== null} onClick={() => save(format)}>
            {exporting === format ? 'Saving…' : `${name}…`}
          </button>
        ))}
      </div>
      {mask ? <LabelExport /> : null}
      <p className="faint">The mask has the volume's own grid: it overlays voxel for voxel.</p>
    </Panel>
  )
}

/** The chosen label alone, in the box around it, at its place in the world. */
function LabelExport() {
  const { masks } = useSession()
  const label = useFacts((state) => state.mask?.labels.find((one) => one.value === state.activeLabel))
  if (!label) return null
  return (
    <button
      type="button"
      className="wide"
      disabled={label.voxels === 0}
      onClick={() => void masks.save('mrc', { labels: [label.value], is_cropped: true })}
    >
      Only {label.name}, cropped (MRC)…
    </button>
  )
}
